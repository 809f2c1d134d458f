//! What a table of keys is made of.

/// What can stand at a place.
pub(super) enum Shape {
    Null,
    /// Letters, digits and underscores.
    Name,
    Names,
    /// A field: `merchant.id`.
    Path,
    /// One field, or a list of them.
    Paths,
    /// Any scalar that is there.
    Text,
    Words(&'static [&'static str]),
    Flag,
    Count,
    Duration,
    /// `"@12:00"`
    Moment,
    /// An expression of the language, in a scalar.
    Expression,
    /// An expression, or a map or list of such.
    Value,
    /// A field or expression, or a list of such.
    By,
    Type,
    /// Fields of a test's row, as YAML writes them.
    Row,
    Map(&'static Table),
    /// A map with one word of [`super::keys::STEPS`], and what may stand beside it.
    Step,
    List(&'static Shape),
    /// A list that is not empty.
    Some(&'static Shape),
    /// Declarations by their names, at least one.
    SomeNamed(&'static Shape),
    /// Declarations by their names.
    Named(&'static Shape),
    /// As `Named`, and just one.
    One(&'static Shape),
    /// As `Named`; the keys are fields, such as `alerts.map`.
    PathNamed(&'static Shape),
    /// As `Named`; the keys are files.
    Files(&'static Shape),
    Either(&'static [Shape]),
}

/// Where a key's sentence is.
pub(super) enum Says {
    Here(&'static str),
    /// It is a keyword of the text form, and has that one's.
    Keyword(&'static str),
}

pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) needed: bool,
    pub(super) says: Says,
}

/// A map whose keys are known.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
    /// Of each of these groups one key is there, and not two.
    pub(super) one_of: &'static [&'static [&'static str]],
    /// At least one key is there.
    pub(super) is_filled: bool,
}

impl Table {
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.fields.iter().map(|field| field.name).collect()
    }
}

pub(super) const fn may(name: &'static str, shape: Shape, says: &'static str) -> Field {
    Field { name, shape, needed: false, says: Says::Here(says) }
}

pub(super) const fn must(name: &'static str, shape: Shape, says: &'static str) -> Field {
    Field { name, shape, needed: true, says: Says::Here(says) }
}

pub(super) const fn word(name: &'static str, keyword: &'static str, shape: Shape) -> Field {
    Field { name, shape, needed: false, says: Says::Keyword(keyword) }
}

/// A table without exclusions.
pub(super) const fn table(name: &'static str, fields: &'static [Field]) -> Table {
    Table { name, fields, one_of: &[], is_filled: false }
}
