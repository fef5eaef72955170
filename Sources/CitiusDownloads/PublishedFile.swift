import CitiusData

/// A file that a server is to give, known beforehand to the bit.
struct PublishedFile: Sendable {
    let name: String
    let byteCount: Int
    let sha256: String

    /// Downloads files into a folder, those of them that are not there yet in their full size. Blocks until done.
    ///
    /// - Returns: the folder.
    static func download(
        _ files: [PublishedFile], to folder: String, from base: String,
        options: DownloadOptions = DownloadOptions()
    ) throws(DataError) -> String {
        for file in files {
            // Only a file that passed has its name; another size means that someone touched it since.
            try FileDownload(
                address: (base.hasSuffix("/") ? base : base + "/") + file.name,
                path: "\(folder)/\(file.name)",
                expectation: FileDownload.Expectation(
                    byteCount: file.byteCount, digest: (.sha256, file.sha256)),
                options: options
            ).run(checksWhole: false)
        }
        return folder
    }
}
