//! Hashes and ids: the same text gives the same one, today and after a restart.

crate::define::functions! {
    sha256, sha512, sha1, md5, hmac_sha256, crc32, xxhash64, murmur2, kafka_partition, bucket, uuid_v5, is_uuid,
}
