import CitiusPlatform

/// How far a download is, on one line of the terminal.
struct ProgressLine: Sendable {
    /// All bytes, if they are known. Of an encoded transfer they are not: the server counts its own.
    var total: Int?
    private let name: String
    private let progress: DownloadOptions.Progress
    private var lastTime = 0
    private var isShown = false

    init(_ progress: DownloadOptions.Progress, _ name: String) {
        self.progress = progress
        self.name = name
    }

    mutating func show(_ byteCount: Int) {
        let total = total.flatMap { $0 >= byteCount ? $0 : nil }
        switch progress {
        case .silent: return
        case .report(let report): report(byteCount, total)
        case .automatic:
            guard Console.isTerminal, nanoseconds() - lastTime > 100_000_000 else { return }
            lastTime = nanoseconds()
            isShown = true
            func megabytes(_ count: Int) -> String { "\(count / 1_000_000).\(count / 100_000 % 10)" }
            let all = total.map { " of \(megabytes($0))" } ?? ""
            Console.write("\r\(name): \(megabytes(byteCount))\(all) MB ")
        }
    }

    mutating func end() {
        if isShown { Console.write("\n") }
        isShown = false
    }
}
