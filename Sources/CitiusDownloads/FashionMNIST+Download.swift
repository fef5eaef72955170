import CitiusData

extension FashionMNIST.Source {
    /// The cache, after a download if the files are not there: `try FashionMNIST.load(.download())`. See
    /// ``CitiusData/FashionMNIST/download(to:from:)``.
    public static func download(cache: String? = nil) throws(DataError) -> Self {
        .folder(try FashionMNIST.download(to: cache))
    }
}

extension FashionMNIST {
    /// Where Zalando publishes the files.
    public static let publishedAddress = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"

    /// Downloads the four files into a folder, those of them that are not there yet in their full size; some
    /// 30 MB in all.
    ///
    /// Each file's SHA-256 is compared with the published file's, and only a file that passes gets its name. A download
    /// that was broken off goes on where it was, if the server can. Blocks until done.
    ///
    /// - Parameters:
    ///   - cache: the folder, made if it is not there; nil means ``defaultCache``.
    ///   - base: the address of the folder that serves the files.
    /// - Returns: the folder.
    /// - Throws: a ``DataError`` if the folder cannot be written, the server cannot be reached or does not
    ///   have a file, or a file is not the published one.
    @discardableResult
    public static func download(
        to cache: String? = nil, from base: String = publishedAddress
    ) throws(DataError) -> String {
        try PublishedFile.download(publishedFiles, to: cache ?? defaultCache, from: base)
    }

    static let publishedFiles = [
        PublishedFile(
            name: "train-images-idx3-ubyte.gz", byteCount: 26_421_880,
            sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        PublishedFile(
            name: "train-labels-idx1-ubyte.gz", byteCount: 29_515,
            sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        PublishedFile(
            name: "t10k-images-idx3-ubyte.gz", byteCount: 4_422_102,
            sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        PublishedFile(
            name: "t10k-labels-idx1-ubyte.gz", byteCount: 5_148,
            sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ]
}
