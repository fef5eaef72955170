import Citius
import CitiusPlatform

// What Tests/Keras/interop.py has other programs read:
//   citius-interop rewrite FROM TO    reads a safetensors file and writes its tensors and metadata anew
//   citius-interop npy FROM TO        reads a .npy file and writes TO.npy, TO.big.npy, TO.columns.npy
//   citius-interop npz FROM TO        reads a .npz file and writes TO.npz, TO.compressed.npz
//   citius-interop board FOLDER       trains with the callbacks TensorBoard and CSVLogger
do {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch (arguments.first, arguments.count) {
    case ("rewrite", 3):
        let file = try Safetensors(contentsOf: arguments[1])
        var tensors: [(name: String, tensor: Tensor)] = []
        for name in file.names { tensors.append((name, try file.tensor(named: name))) }
        try Safetensors.write(tensors, metadata: file.metadata.sorted { $0.key < $1.key }, to: arguments[2])
    case ("npy", 3):
        let tensor = try NPY.read(contentsOf: arguments[1])
        guard NPY.bytes(of: try NPY.map(contentsOf: arguments[1])) == NPY.bytes(of: tensor) else {
            Console.warn("\(arguments[1]): mapped, it has other elements")
            exit(1)
        }
        try NPY.write(tensor, to: arguments[2] + ".npy")
        try NPY.write(tensor, to: arguments[2] + ".big.npy", byteOrder: .bigEndian)
        try NPY.write(tensor, to: arguments[2] + ".columns.npy", fortranOrder: true)
    case ("npz", 3):
        let file = try NPZ(contentsOf: arguments[1])
        var tensors: [(name: String, tensor: Tensor)] = []
        for name in file.names { tensors.append((name, try file.tensor(named: name))) }
        try NPZ.write(tensors, to: arguments[2] + ".npz")
        try NPZ.write(tensors, to: arguments[2] + ".compressed.npz", compressed: true)
    case ("board", 2):
        var generator = RandomGenerator(seed: 1)
        let images = Tensor(uniform: [64, 8, 8, 1], using: &generator)
        let data = Dataset(inputs: images, targets: Tensor((0..<64).map { Int64($0 % 3) }))
        let model = Sequential(seed: 1) {
            Input(8, 8, 1)
            Conv2D(4, kernelSize: 3, activation: .relu)
            Flatten()
            Dense(3, activation: .softmax)
        }
        model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        try model.fit(
            data, batchSize: 16, epochs: 3, verbose: .silent,
            callbacks: [
                CSVLogger(arguments[1] + "/log.csv"),
                TensorBoard(
                    arguments[1] + "/run", histogramFrequency: 1, writeImages: true,
                    writeStepsPerSecond: true,
                    updateFrequency: .batch,
                    hyperparameters: ["filters": 4, "rate": 0.001, "activation": "relu", "is small": true]),
            ], validationSplit: 0.25)
        try model.saveWeights(to: arguments[1] + "/weights.safetensors")
    default:
        Console.warn("usage: citius-interop rewrite|npy|npz FROM TO | board FOLDER")
        exit(64)
    }
} catch {
    Console.warn("\(error)")
    exit(1)
}
