import Testing

@testable import CitiusDownloads

@Suite struct DigestTests {
    /// The examples of FIPS 180-4.
    @Test func digestsAreThePublishedOnes() {
        #expect(
            Digest.hexDigest(.sha256, of: Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            Digest.hexDigest(.sha256, of: [])
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            Digest.hexDigest(
                .sha256, of: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    /// The examples of RFC 1321.
    @Test func md5DigestsAreThePublishedOnes() {
        #expect(Digest.hexDigest(.md5, of: []) == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(
            Digest.hexDigest(.md5, of: Array("message digest".utf8)) == "f96b697d7cb7938d525a2f31aaf161d0")
    }

    @Test func piecesGiveTheDigestOfTheWhole() {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        let whole = Digest.hexDigest(.sha256, of: bytes)
        for size in [1, 3, 63, 64, 65, 127, 999] {
            let hash = Digest(.sha256)
            for start in stride(from: 0, to: bytes.count, by: size) {
                Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes { hash.update($0) }
            }
            #expect(hash.hexDigest() == whole, "pieces of \(size) bytes")
        }
    }
}
