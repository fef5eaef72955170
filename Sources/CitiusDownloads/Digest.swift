import CitiusCrypto
import CitiusData
import CitiusPlatform

/// The digest of a stream of bytes, by OpenSSL's libcrypto.
final class Digest {
    enum Algorithm: String {
        /// Finds damage; anybody can make a file of a given MD5.
        case md5 = "MD5"
        case sha256 = "SHA-256"
    }

    let algorithm: Algorithm
    private let context: OpaquePointer

    init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        let type = algorithm == .md5 ? EVP_md5() : EVP_sha256()
        // Both fail for want of memory alone, or if somebody configured OpenSSL to have no such digest.
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, type, nil) == 1 else {
            fail("Digest: libcrypto cannot compute \(algorithm.rawValue); it may be configured to refuse it")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        require(
            EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1,
            "Digest: libcrypto took no bytes; the digest was taken already")
    }

    /// The digest in hexadecimal; the end of the stream.
    func hexDigest() -> String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        require(EVP_DigestFinal_ex(context, &digest, &count) == 1, "Digest: libcrypto gave no digest")
        return digest.prefix(Int(count)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined()
    }

    /// The digest of a file, in hexadecimal.
    static func hexDigest(_ algorithm: Algorithm, ofFile path: String) throws(DataError) -> String {
        let source = try FileSource(path: path)
        let hash = Digest(algorithm)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { buffer.deallocate() }
        while case let count = try source.read(into: buffer), count > 0 {
            hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return hash.hexDigest()
    }

    /// The digest of bytes in memory, in hexadecimal.
    static func hexDigest(_ algorithm: Algorithm, of bytes: [UInt8]) -> String {
        let hash = Digest(algorithm)
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.hexDigest()
    }
}
