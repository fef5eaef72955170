import CitiusPlatform

/// What is in folders, in the order of names by their bytes.
package enum FolderListing {
    package struct Entry {
        package let name: String
        package let isFolder: Bool
        let isLink: Bool
    }

    /// Folders within each other that are looked into: links may lead round in circles.
    private static let depthLimit = 64

    /// - Throws: a `DataError` if the folder is missing or cannot be read.
    package static func entries(of path: String) throws(DataError) -> [Entry] {
        guard let folder = opendir(path) else {
            let code = errno
            throw DataError(
                code == ENOENT ? .missing : .unreadable,
                "\(path) cannot be read as a folder: \(systemMessage(code)). Check the path and its permissions."
            )
        }
        defer { closedir(folder) }
        var entries: [Entry] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 1) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            var (itself, target) = (stat(), stat())
            guard lstat(path + "/" + name, &itself) == 0 else { continue }
            let isFolder = stat(path + "/" + name, &target) == 0 && target.st_mode & S_IFMT == S_IFDIR
            entries.append(
                Entry(name: name, isFolder: isFolder, isLink: itself.st_mode & S_IFMT == S_IFLNK))
        }
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The paths of the files below a folder whose names end so, in upper or lower case: those of a folder, then those of
    /// its folders.
    ///
    /// - Parameter suffixes: in lower case.
    /// - Throws: a `DataError` if a folder is missing or cannot be read.
    package static func files(
        below path: String, suffixes: [String], followingLinks: Bool, depth: Int = 0
    ) throws(DataError) -> [String] {
        let entries = try entries(of: path)
        var files = entries.filter { entry in
            let name = entry.name.lowercased()
            return !entry.isFolder && suffixes.contains { name.hasSuffix($0) }
        }.map { path + "/" + $0.name }
        guard depth < depthLimit else { return files }
        for folder in entries where folder.isFolder && (followingLinks || !folder.isLink) {
            files += try self.files(
                below: path + "/" + folder.name, suffixes: suffixes, followingLinks: followingLinks,
                depth: depth + 1)
        }
        return files
    }
}
