import Citius

// What a user of the package would write first: a small network on the embedded images.
let (train, test) = try FashionMNIST.load(.embedded)
let model = Sequential(seed: 1) {
    Input(28, 28, 1)
    Conv2D(4, kernelSize: 3, strides: 2, activation: .relu)
    Flatten()
    Dense(10, activation: .softmax)
}
model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
let history = try model.fit(train.prefix(500), epochs: 2, verbose: .silent)
let scores = try model.evaluate(test.prefix(100), verbose: .silent)
let losses = history["loss"]
guard losses.count == 2, losses[1] < losses[0], scores["accuracy"] > 0.2 else {
    fatalError("the network did not learn: losses \(losses), \(scores)")
}
guard neighboursAreUnderstood() else { fatalError("a neighbour's name meant something else") }
print("trained: \(scores)")
