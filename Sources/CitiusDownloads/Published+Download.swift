import CitiusData

extension MNIST {
    /// A mirror of the files, PyTorch's.
    public static let publishedAddress = "https://ossci-datasets.s3.amazonaws.com/mnist/"

    /// Downloads the four files into a folder, those of them that are not there yet; some 12 MB in all. See
    /// ``CitiusData/FashionMNIST/download(to:from:)``.
    ///
    /// - Returns: the folder, for `MNIST.load(from:)`.
    @discardableResult
    public static func download(
        to cache: String? = nil, from base: String = publishedAddress
    ) throws(DataError) -> String {
        try PublishedFile.download(publishedFiles, to: cache ?? defaultCache, from: base)
    }

    static let publishedFiles = [
        PublishedFile(
            name: "train-images-idx3-ubyte.gz", byteCount: 9_912_422,
            sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        PublishedFile(
            name: "train-labels-idx1-ubyte.gz", byteCount: 28_881,
            sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        PublishedFile(
            name: "t10k-images-idx3-ubyte.gz", byteCount: 1_648_877,
            sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        PublishedFile(
            name: "t10k-labels-idx1-ubyte.gz", byteCount: 4_542,
            sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ]
}

extension CIFAR10 {
    /// Where Alex Krizhevsky publishes the archive.
    public static let publishedAddress = "https://www.cs.toronto.edu/~kriz/"

    /// Downloads the archive into a folder if it is not there yet; 170 MB. See
    /// ``CitiusData/FashionMNIST/download(to:from:)``.
    ///
    /// - Returns: the folder, for `CIFAR10.load(from:)`.
    @discardableResult
    public static func download(
        to cache: String? = nil, from base: String = publishedAddress
    ) throws(DataError) -> String {
        try PublishedFile.download(publishedFiles, to: cache ?? defaultCache, from: base)
    }

    static let publishedFiles = [
        PublishedFile(
            name: archiveName, byteCount: 170_052_171,
            sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
    ]
}

extension CIFAR100 {
    /// Where Alex Krizhevsky publishes the archive.
    public static let publishedAddress = CIFAR10.publishedAddress

    /// Downloads the archive into a folder if it is not there yet; 169 MB. See
    /// ``CitiusData/FashionMNIST/download(to:from:)``.
    ///
    /// - Returns: the folder, for `CIFAR100.load(from:labels:)`.
    @discardableResult
    public static func download(
        to cache: String? = nil, from base: String = publishedAddress
    ) throws(DataError) -> String {
        try PublishedFile.download(publishedFiles, to: cache ?? defaultCache, from: base)
    }

    static let publishedFiles = [
        PublishedFile(
            name: archiveName, byteCount: 168_513_733,
            sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec")
    ]
}

extension IMDB {
    /// Where Stanford publishes the archive.
    public static let publishedAddress = "https://ai.stanford.edu/~amaas/data/sentiment/"

    /// Downloads the archive into a folder if it is not there yet; 84 MB. See
    /// ``CitiusData/FashionMNIST/download(to:from:)``.
    ///
    /// - Returns: the folder, for `IMDB.load(from:byteCount:)`.
    @discardableResult
    public static func download(
        to cache: String? = nil, from base: String = publishedAddress
    ) throws(DataError) -> String {
        try PublishedFile.download(publishedFiles, to: cache ?? defaultCache, from: base)
    }

    static let publishedFiles = [
        PublishedFile(
            name: archiveName, byteCount: 84_125_825,
            sha256: "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe")
    ]
}
