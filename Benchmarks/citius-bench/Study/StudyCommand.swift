import Citius
import CitiusExampleSupport
import CitiusPlatform

/// `citius-bench study`: which technique speeds training up most.
enum StudyCommand {
    static func run(_ arguments: [String]) {
        let names = StudyArm.all.map(\.name)
        let options = Options(
            program: "citius-bench study",
            summary:
                "Ranks techniques by how much sooner they bring the document's network to a target accuracy.",
            [
                .init(
                    "--quick", nil,
                    "fewer samples, techniques, trials and seeds: within 3 minutes on two cores"),
                .init("--techniques", "A,B,…", "only these of \(names.joined(separator: ", "))"),
                .init("--seeds", "N", "runs of each technique; by default 10, with --quick 3"),
                .init("--first-seed", "N", "the first seed; another one checks the ranking; by default 1"),
                .init(
                    "--trials", "N", "settings that each technique is tuned by; by default 4, with --quick 2"),
                .init("--target-accuracy", "A", "on validation data; by default 0.9, with --quick 0.82"),
                .init("--samples", "N", "to train on; by default 50,000, with --quick 12,000"),
                .init("--batch-size", "N", "by default 32"),
                .init("--threads", "N", "by default as many as cores"),
                .init("--data", "FOLDER", "Fashion-MNIST's four files"),
                .init("--log", "FILE", "where runs are kept, to go on from; by default study.jsonl here"),
                .init("--anew", nil, "forget the runs in the log"),
                .init("--json", "FILE", "write all runs and results there"),
                .init("--report", "FILE", "write a page in Markdown there, with charts beside it"),
            ],
            arguments: arguments)
        if let threads = options.number("--threads") { Threads.count = threads }
        let isQuick = options.has("--quick")
        var study = Study.Options()
        study.isQuick = isQuick
        study.seeds = options.number("--seeds") ?? (isQuick ? 3 : 10)
        study.firstSeed = UInt64(options.number("--first-seed", least: 0) ?? 1)
        study.trials = options.number("--trials") ?? (isQuick ? 2 : 4)
        study.samples = options.number("--samples") ?? (isQuick ? 12_000 : 50_000)
        study.validationSamples = isQuick ? 3_000 : 10_000
        study.batchSize = options.number("--batch-size") ?? 32
        study.target = isQuick ? 0.82 : 0.9
        if isQuick { study.limit = 120 }
        if let text = options.text("--target-accuracy") {
            guard let target = Double(text), target > 0, target <= 1 else {
                options.fail("--target-accuracy is \(text), expected a fraction above 0 and up to 1")
            }
            study.target = target
        }
        var arms = StudyArm.all.filter { !isQuick || $0.isQuick }
        if let list = options.text("--techniques") {
            let wanted = list.split(separator: ",").map(String.init)
            for name in wanted where !names.contains(name) {
                options.fail("--techniques names \(name), expected some of \(names.joined(separator: ", "))")
            }
            arms = StudyArm.all.filter { wanted.contains($0.name) }
        }
        do {
            let log = try StudyLog(
                options.text("--log") ?? "study.jsonl", study: study.description,
                startsAnew: options.has("--anew"))
            if log.count > 0 { complain("\(log.count) runs are known from before") }
            let (ranking, combination) = try Study(study, arms: arms, log: log, data: options.text("--data"))
                .run()
            let command = (["citius-bench", "study"] + arguments).joined(separator: " ")
            let report = StudyReport(study, command: command, ranking: ranking, combination: combination)
            print(report.table)
            if let path = options.text("--json") { try write(report.json, to: path) }
            if let path = options.text("--report") { try write(report, to: path) }
        } catch {
            complain("citius-bench: \(error)")
            exit(1)
        }
    }

    private static func write(_ report: StudyReport, to path: String) throws {
        let stem = path.hasSuffix(".md") ? String(path.dropLast(3)) : path
        let name = stem.split(separator: "/").last.map(String.init) ?? stem
        try report.bars.plot(to: stem + "-ratios.svg")
        try report.curves.plot(to: stem + "-curves.svg")
        try write(report.page(images: (name + "-ratios.svg", name + "-curves.svg")), to: path)
    }

    private static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw DataError(.unwritable, "\(path) cannot be written.") }
        defer { fclose(file) }
        guard fputs(text, file) >= 0 else { throw DataError(.unwritable, "\(path) cannot be written.") }
    }
}
