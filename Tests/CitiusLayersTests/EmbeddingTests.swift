import CitiusAutograd
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct EmbeddingTests {
    @Test func keras() { checkGolden("Embedding") }

    private let tokens = Tensor([[3, 0, 3, 1], [2, 3, 0, 0]] as Tensor.Literal)

    /// A built layer with a table of random numbers.
    private func embedding(
        _ rows: Int = 5, _ width: Int = 3, dtype: DType = .float64, maskZero: Bool = false
    ) -> (Embedding, Parameter) {
        let layer = Embedding(rows, width, maskZero: maskZero, name: "tokens")
        layer.dtype = dtype
        var generator = RandomGenerator(seed: 1)
        layer.buildIfNeeded(inputShape: [4], generator: &generator)
        let table = layer.parameters[0]
        table.value = randomTensor([rows, width], dtype: dtype, seed: 2)
        return (layer, table)
    }

    @Test func rowsOfTheTable() {
        let (layer, table) = embedding()
        #expect(layer(tokens) == table.value.taking(tokens))
        #expect(layer(tokens.cast(to: .uint8)) == table.value.taking(tokens))
        #expect(layer.outputShape(for: [4]) == [4, 3])
        #expect(layer(Variable(tokens)).mask == nil)
        let masking = embedding(maskZero: true).0
        let expected = Tensor([true, false, true, true, true, true, false, false], shape: [2, 4])
        #expect(masking(Variable(tokens)).mask == expected)
    }

    @Test func gradients() {
        let (layer, table) = embedding()
        checkGradients(at: [table.value]) { variables in
            table.value = variables[0].value
            let tape = Tape()
            let output = layer(Variable(tokens), in: .training(tape))
            return Variable(output.value, computedFrom: variables[0]) {
                [tape.gradients(of: output, cotangent: $0)[table]]
            }
        }
    }

    /// A table that is looked up in twice and multiplied by as well, as tied weights are.
    @Test func gradientsOfTiedWeights() {
        let (layer, table) = embedding()
        let others = Tensor([[4, 4], [0, 1]] as Tensor.Literal)
        func output(_ table: Variable, _ a: Variable, _ b: Variable) -> Variable {
            a.matmul(table, transposingRight: true).sum(axes: [0]) + b.sum() * table.squared().sum()
        }
        checkGradients(at: [table.value]) { variables in
            table.value = variables[0].value
            let tape = Tape()
            let context = Context.training(tape)
            let result = output(
                context[table], layer(Variable(tokens), in: context), layer(Variable(others), in: context))
            return Variable(result.value, computedFrom: variables[0]) {
                [tape.gradients(of: result, cotangent: $0)[table]]
            }
        }
    }

    @Test func gradientHoldsTheRowsThatWereRead() {
        let (layer, table) = embedding(1_000_000, 2, dtype: .float32)
        let tape = Tape()
        let output = layer(Variable(tokens), in: .training(tape))
        guard case .rows(let rows) = tape.gradients(of: output.sum()).gradient(of: table) else {
            Issue.record("the gradient is of the whole table")
            return
        }
        #expect(rows.rows == [0, 1, 2, 3])
        #expect(rows.values == Tensor([3, 3, 1, 1, 1, 1, 3, 3] as [Float], shape: [4, 2]))
        #expect(rows.dense.sum().scalar == 16)
    }

    @Test func longRepetitionsDoNotDrift() {
        let (layer, table) = embedding(2, 3, dtype: .float32)
        let indices = Tensor(repeating: 1 as Int64, shape: [1_000_000])
        let tape = Tape()
        let output = layer(Variable(indices), in: .training(tape))
        let cotangent = Tensor(repeating: 0.1 as Float, shape: output.shape)
        let gradient = tape.gradients(of: output, cotangent: cotangent)[table]!
        expectClose(gradient[1], Tensor([1e5, 1e5, 1e5] as [Float]), absolute: 0, relative: 1e-5)
    }

    @Test func sameBitsOnAnyThreads() throws {
        let indices = randomTensor([64, 90], in: 0..<700, seed: 3).cast(to: .int64)
        try expectSameBitsOnAnyThreads("embedding") {
            let (layer, table) = embedding(700, 37, dtype: .float32)
            let optimizer = Adam()
            var results: [Tensor] = []
            for _ in 0..<3 {
                let tape = Tape()
                let output = layer(Variable(indices), in: .training(tape))
                let gradients = tape.gradients(of: (output * output).sum())
                results.append(output.value)
                optimizer.update([table], gradients: [gradients.gradient(of: table)!])
            }
            return results + [table.value]
        }
    }

    // MARK: Steps that rows put off

    private static let optimizers: [(name: String, make: @Sendable () -> Optimizer)] = [
        ("SGD", { SGD(learningRate: 0.1) }),
        ("SGD with momentum", { SGD(learningRate: 0.1, momentum: 0.9) }),
        ("Nesterov", { SGD(learningRate: 0.1, momentum: 0.9, nesterov: true) }),
        ("SGD that decays", { SGD(learningRate: 0.1, weightDecay: 0.25) }),
        ("Adam", { Adam(learningRate: 0.1) }),
        ("AMSGrad", { Adam(learningRate: 0.1, amsgrad: true) }),
        (
            "Adam on a schedule",
            {
                Adam(
                    learningRate: ExponentialDecay(initialLearningRate: 0.1, decaySteps: 5, decayRate: 0.5))
            }
        ),
        ("Adam, clipped by value", { Adam(learningRate: 0.1, clipValue: 0.125) }),
        ("AdamW", { AdamW(learningRate: 0.1, weightDecay: 0.5) }),
        ("Adam, clipped by norm", { Adam(learningRate: 0.1, clipNorm: 0.25) }),
        ("Adam, clipped by the global norm", { Adam(learningRate: 0.1, globalClipNorm: 0.25) }),
        ("Adam with averages", { Adam(learningRate: 0.1, useEMA: true, emaOverwriteFrequency: 7) }),
        ("Adam that accumulates", { Adam(learningRate: 0.1, gradientAccumulationSteps: 3) }),
        ("RMSprop", { RMSprop(learningRate: 0.1) }),
    ]

    /// Whatever the optimizer, and whoever reads the table meanwhile: weights and slots have the bits that they have
    /// where the whole table takes every step.
    @Test(arguments: optimizers.indices, [DType.float32, .float64])
    func trainsAsTheWholeTableWould(_ index: Int, dtype: DType) throws {
        let (name, make) = Self.optimizers[index]
        for width in [3, 40] {
            func train(byRows: Bool) -> [Tensor] {
                let (layer, table) = embedding(60, width, dtype: dtype)
                let optimizer = make()
                optimizer.setLearningRateMultiplier(0.5, for: [table])
                var seen: [Tensor] = []
                // More steps than may wait, and rows that are never read.
                for step in 0..<150 {
                    let tape = Tape()
                    let indices = randomTensor([3, 4], in: 0..<50, seed: UInt64(step)).cast(to: .int64)
                    let output = layer(Variable(indices), in: .training(tape))
                    seen.append(output.value)
                    let gradients = tape.gradients(
                        of: output, cotangent: randomTensor(output.shape, dtype: dtype, seed: UInt64(step)))
                    let gradient = gradients.gradient(of: table)!
                    if byRows {
                        optimizer.update([table], gradients: [gradient])
                    } else {
                        optimizer.update([table], gradients: [gradient.dense])
                    }
                    switch step {
                    case 20: seen.append(table.value)
                    case 40: seen += optimizer.state(for: [("table", table)]).map { $0.tensor }
                    case 50: optimizer.setLearningRateMultiplier(0.25, for: [table])
                    case 60: seen.append(layer(indices))
                    case 70: table.value = table.value * 0.5
                    case 80: optimizer.update([table], gradients: [Tensor(ones: table.shape, dtype: dtype)])
                    default: break
                    }
                }
                return seen + optimizer.slots(of: table) + [table.value]
            }
            let (rows, whole) = (train(byRows: true), train(byRows: false))
            #expect(rows.count == whole.count)
            for (number, (rows, whole)) in zip(rows, whole).enumerated() where rows != whole {
                Issue.record("\(name), width \(width): tensor \(number) differs")
                return
            }
        }
    }

    @Test func twoOptimizersTakeTurns() {
        func train(byRows: Bool) -> Tensor {
            let (layer, table) = embedding()
            let optimizers = [Adam(learningRate: 0.1), SGD(learningRate: 0.1, momentum: 0.5)]
            for step in 0..<12 {
                let tape = Tape()
                let indices = randomTensor([4], in: 0..<4, seed: UInt64(step)).cast(to: .int64)
                let output = layer(Variable(indices), in: .training(tape))
                let gradient = tape.gradients(of: output.squared().sum()).gradient(of: table)!
                let optimizer = optimizers[step / 3 % 2]
                optimizer.update([table], gradients: [byRows ? gradient : .dense(gradient.dense)])
            }
            return table.value
        }
        #expect(train(byRows: true) == train(byRows: false))
    }

    /// An optimizer that is gone leaves the steps that it put off.
    @Test func stepsOutliveTheirOptimizer() {
        func train(byRows: Bool) -> Tensor {
            let (layer, table) = embedding()
            do {
                let optimizer = Adam(learningRate: 0.1)
                for step in 0..<9 {
                    let tape = Tape()
                    let output = layer(Variable(Tensor([Int64(step % 4)])), in: .training(tape))
                    let gradient = tape.gradients(of: output.squared().sum()).gradient(of: table)!
                    optimizer.update([table], gradients: [byRows ? gradient : .dense(gradient.dense)])
                }
            }
            return table.value
        }
        #expect(train(byRows: true) == train(byRows: false))
    }

    @Test func regularizersAndConstraintsReachAllRows() throws {
        func train(_ layer: Embedding, _ optimizer: Optimizer) throws -> (before: Tensor, after: Tensor) {
            let model = Sequential([Input(4, dtype: .int64), layer, Flatten(), Dense(1)], seed: 3)
            model.compile(optimizer: optimizer, loss: .meanSquaredError)
            let before = model.parameters[0].value
            let targets = Tensor([1, 0] as [Float], shape: [2, 1])
            for _ in 0..<3 { _ = try model.trainOnBatch(tokens, targets) }
            return (before, model.parameters[0].value)
        }
        // Row 4 is never read.
        let decayed = try train(Embedding(5, 3, embeddingsRegularizer: .l2(0.5)), SGD(learningRate: 0.25))
        expectClose(decayed.after[4], decayed.before[4] * (0.75 * 0.75 * 0.75))
        let held = try train(Embedding(5, 3, embeddingsConstraint: .unitNorm(axes: [1])), Adam())
        expectClose(held.after.squared().sum(axes: [1]), Tensor(ones: [5]), absolute: 1e-5)
    }

    @Test func frozenTableStays() {
        let (layer, table) = embedding()
        layer.isTrainable = false
        let tape = Tape()
        let output = layer(Variable(tokens), in: .training(tape))
        #expect(!output.isTracked && tape.gradients(of: output.sum()).gradient(of: table) == nil)
    }

    @Test func trainsInAModel() throws {
        let model = Sequential(
            [Input(6, dtype: .int64), Embedding(9, 4), Flatten(), Dense(2, activation: .softmax)], seed: 1)
        model.compile(optimizer: Adam(learningRate: 0.05), loss: .sparseCategoricalCrossentropy)
        let inputs = randomTensor([40, 6], in: 0..<9, seed: 1).cast(to: .int64)
        let labels = (inputs.cast(to: .float32).mean(axes: [1]) .> 4).cast(to: .int64)
        let before = try model.evaluate(inputs, labels, verbose: .silent).loss
        try model.fit(inputs, labels, epochs: 20, verbose: .silent)
        #expect(try model.evaluate(inputs, labels, verbose: .silent).loss < before / 2)
    }

    @Test func wrongIndicesTrap() async {
        let high = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Embedding(5, 3, name: "tokens")(Tensor([[0, 1], [5, 0]] as Tensor.Literal))
        }
        #expect(
            message(of: high).contains(
                "Embedding \"tokens\": index 5 at [1, 0] of the input, expected 0 to 4, the rows of its table"
            ))
        let low = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Embedding(5, 3)(Tensor([0, -1] as [Int32], shape: [1, 2]))
        }
        #expect(message(of: low).contains("Embedding: index -1 at [0, 1] of the input"))
    }
}
