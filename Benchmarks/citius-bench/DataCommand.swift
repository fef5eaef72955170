import Citius
import CitiusExampleSupport
import CitiusPlatform

/// `citius-bench data`: how fast tables are read, and whether data in files train as fast as those in memory.
enum DataCommand {
    static func run(_ arguments: [String]) {
        let options = Options(
            program: "citius-bench data",
            summary:
                "Reads a table of mnist_784's shape, or trains from data in memory and in files, in turn.",
            [
                .init(
                    "--arff", "FILE",
                    "read this table alone; Benchmarks/peers/arff.py writes it and reads it too"),
                .init("--rounds", "N", "of each source, in turn; by default 5"),
                .init("--samples", "N", "train on the first N images; by default 20,000"),
                .init("--threads", "N", "by default as many as cores"),
            ],
            arguments: arguments)
        if let threads = options.number("--threads") { Threads.count = threads }
        do {
            if let path = options.text("--arff") {
                try readTable(path)
            } else {
                try train(
                    rounds: options.number("--rounds") ?? 5, samples: options.number("--samples") ?? 20_000)
            }
        } catch {
            complain("citius-bench: \(error)")
            exit(1)
        }
    }

    private static func readTable(_ path: String) throws {
        let start = steadySeconds()
        let data = try ARFF.read(contentsOf: path)
        let seconds = steadySeconds() - start
        print(
            "\(data.count) × \(data.inputShape[0]) and a class in \(fixed(seconds, decimals: 2)) s, "
                + "\(fixed(peakMemoryMegabytes(), decimals: 0)) MB at the peak")
    }

    private static func train(rounds: Int, samples: Int) throws {
        let folder = "/tmp/citius-bench-\(getpid())"
        guard mkdir(folder, 0o700) == 0 else { throw DataError(.unwritable, "\(folder) cannot be made.") }
        let files = ["x.idx", "x.npy", "x.safetensors", "f.npy", "b.npy"].map { folder + "/" + $0 }
        defer {
            for file in files { unlink(file) }
            rmdir(folder)
        }
        let memory = try FashionMNIST.load().train.prefix(samples)
        let (images, labels) = (memory.storedInputs, memory.targets)
        try IDX.write(images, to: files[0])
        try NPY.write(images, to: files[1])
        try Safetensors.write([("x", images)], to: files[2])
        try NPY.write(memory.inputs, to: files[3])
        try NPY.write(memory.inputs, to: files[4], byteOrder: .bigEndian)
        func data(_ images: Tensor) -> Dataset {
            Dataset(inputs: images, targets: labels, metadata: memory.metadata)
        }
        let sources: [(name: String, data: Dataset)] = [
            ("memory", memory), ("IDX", data(try IDX.read(contentsOf: files[0])).scaled(by: 1 / 255)),
            (
                "IDX, mapped",
                Dataset(inputs: try IDX.mapArray(contentsOf: files[0]), targets: labels).scaled(by: 1 / 255)
            ),
            (".npy, read", data(try NPY.read(contentsOf: files[1])).scaled(by: 1 / 255)),
            (".npy, mapped", data(try NPY.map(contentsOf: files[1])).scaled(by: 1 / 255)),
            (
                "safetensors, mapped",
                data(try Safetensors(contentsOf: files[2]).mappedTensor(named: "x")).scaled(by: 1 / 255)
            ),
            // What a table or NumPy's own scaling gives.
            ("floats in memory", data(try NPY.read(contentsOf: files[3]))),
            ("floats, .npy, mapped", data(try NPY.map(contentsOf: files[3]))),
            (
                "floats, big-endian .npy, mapped",
                Dataset(inputs: try NPY.mapArray(contentsOf: files[4]), targets: labels)
            ),
        ]
        // Of the bytes in memory, by recipe.
        let recipes: [(name: String, batches: Batches)] = [
            ("memory, prefetched", memory.batched(32).shuffled().prefetched()),
            ("memory, a stream", Pieces(data: memory).batched(32).shuffled(buffer: 4_096)),
            (
                "memory, a stream, prefetched",
                Pieces(data: memory).batched(32).shuffled(buffer: 4_096).prefetched()
            ),
        ]
        var rates = [[Double]](repeating: [], count: sources.count + recipes.count)
        for round in 0...rounds {
            for index in rates.indices {
                let model = BenchmarkModels.make(BenchmarkModels.names[0], seed: 1)
                BenchmarkModels.compile(model, BenchmarkModels.names[0])
                let start = steadySeconds()
                if index < sources.count {
                    try model.fit(sources[index].data, verbose: .silent)
                } else {
                    try model.fit(recipes[index - sources.count].batches, verbose: .silent)
                }
                // The first round warms up.
                if round > 0 { rates[index].append(Double(samples) / (steadySeconds() - start)) }
            }
        }
        var table = Table(header: ["data in", "images/s", "of those in memory"], rightAligned: [1, 2])
        let names = sources.map(\.name) + recipes.map(\.name)
        for (index, name) in names.enumerated() {
            // By round: both sides of a ratio saw the same machine. Floats beside floats.
            let base = rates[name.hasPrefix("floats") ? names.firstIndex(of: "floats in memory") ?? 0 : 0]
            let ratio = median(zip(rates[index], base).map { $0 / $1 })
            table.add([
                name, fixed(median(rates[index]), decimals: 0), fixed(100 * ratio, decimals: 1) + " %",
            ])
        }
        print(table.description)
    }
}

/// A data set as a stream, in pieces of a thousand samples.
private struct Pieces: SampleStream {
    let data: Dataset
    var count: Int? { data.count }

    func makeReader() -> any SampleReader { Reader(data) }

    private final class Reader: SampleReader {
        private var rest: Dataset
        init(_ data: Dataset) { rest = data }

        func next() -> Dataset? {
            guard !rest.isEmpty else { return nil }
            let piece = rest.prefix(1_000)
            rest = rest.subset(piece.count..<rest.count)
            return piece
        }
    }
}
