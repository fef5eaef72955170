import CitiusCrypto
import CitiusPlatform

/// The SHA-256 of a stream of bytes, by OpenSSL's libcrypto.
final class SHA256 {
    private let context: OpaquePointer

    init() {
        // Both fail for want of memory alone, or if somebody configured OpenSSL to have no SHA-256.
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fail("SHA256: libcrypto cannot compute it")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        require(
            EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1,
            "SHA256: libcrypto took no bytes; the digest was taken already")
    }

    /// The digest in hexadecimal; the end of the stream.
    func hexDigest() -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        require(EVP_DigestFinal_ex(context, &digest, &count) == 1, "SHA256: libcrypto gave no digest")
        return digest.prefix(Int(count)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined()
    }

    /// The digest of bytes in memory, in hexadecimal.
    static func hexDigest(of bytes: [UInt8]) -> String {
        let hash = SHA256()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.hexDigest()
    }
}
