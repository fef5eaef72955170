import CitiusAutograd
import CitiusTensor
import CitiusTestSupport
import Testing

/// The activations that have passes of their own.
@Suite struct ActivationsTests {
    @Test func clampedSum() async {
        let arguments = [randomTensor([3, 5, 7], seed: 1), randomTensor([3, 5, 7], seed: 2)]
        let relu = Epilogue(clamp: .relu)
        let narrow = Epilogue(clamp: Clamp(lower: -0.25, upper: 0.5))
        checkGradients(at: arguments) { $0[0].added(to: $0[1], epilogue: relu) }
        checkGradients(at: arguments) { $0[0].added(to: $0[1], epilogue: narrow) }
        checkGradients(at: [arguments[0]]) { ($0[0] * 2).added(to: $0[0], epilogue: relu) }
        let floats = arguments.map { Variable($0.cast(to: .float32)) }
        let sum = floats[0] + floats[1]
        #expect(floats[0].added(to: floats[1], epilogue: relu).value == sum.relu().value)
        #expect(floats[0].added(to: floats[1], epilogue: narrow).value == sum.clamped(to: -0.25...0.5).value)
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Variable(Tensor(zeros: [2])).added(
                to: Variable(Tensor(zeros: [2, 1])), epilogue: Epilogue())
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("added: float32 [2] and float32 [2, 1], expected the same"))
    }

    /// In float32 the functions and their gradients come from other code than in float64.
    @Test func floatsAgreeWithDoubles() {
        let functions: [(String, (Variable) -> Variable)] = [
            ("sigmoid", { $0.sigmoid() }), ("tanh", { $0.tanh() }), ("silu", { $0.silu() }),
            ("relu6", { $0.relu6() }), ("gelu", { $0.gelu() }),
            ("gelu by tanh", { $0.gelu(isApproximate: true) }),
            ("elu", { $0.elu() }), ("softmax", { $0.softmax() }), ("logSoftmax", { $0.logSoftmax() }),
            ("exp", { $0.exp() }), ("mish", { $0.mish() }), ("erf", { $0.erf() }),
            ("softmax along rows", { $0.softmax(axis: 0) }),
        ]
        let x = randomTensor([37, 21], in: -8..<8, seed: 1).cast(to: .float32)
        let dy = randomTensor([37, 21], seed: 2).cast(to: .float32)
        for (name, function) in functions {
            func run(_ x: Tensor, _ dy: Tensor) -> (Tensor, Tensor) {
                let tape = Tape()
                let variable = tape.watch(x)
                let y = function(variable)
                return (y.value, tape.gradients(of: y, cotangent: dy)[variable])
            }
            let (y, dx) = run(x, dy)
            let (exactY, exactDX) = run(x.cast(to: .float64), dy.cast(to: .float64))
            expectClose(y.cast(to: .float64), exactY, absolute: 2e-6, relative: 2e-6, name)
            expectClose(dx.cast(to: .float64), exactDX, absolute: 4e-6, relative: 4e-6, name)
        }
    }

    @Test func dropoutIsTheSameOnAnyNumberOfThreads() async {
        await #expect(processExitsWith: .success) {
            func drop() -> Tensor {
                var generator = RandomGenerator(seed: 9)
                return Variable(Tensor(ones: [50_001])).dropout(rate: 0.4, generator: &generator).value
            }
            let few = drop()
            Threads.count += 2
            guard drop() == few else { fatalError("another number of threads dropped other elements") }
        }
    }
}

@Suite struct GeluTests {
    /// Float results and gradients against those in double precision, which are compared with differences above.
    @Test(arguments: [false, true]) func floats(isApproximate: Bool) {
        let x = randomTensor([10_007], dtype: .float32, in: -9..<9, seed: 1)
        func run(_ dtype: DType) -> [Tensor] {
            let tape = Tape()
            let x = tape.watch(x.cast(to: dtype))
            let y = x.gelu(isApproximate: isApproximate)
            return [y.value, tape.gradients(of: y.sum())[x]].map { $0.cast(to: .float64) }
        }
        for (float, double) in zip(run(.float32), run(.float64)) {
            expectClose(float, double, absolute: 6e-7, relative: 1e-6)
        }
    }
}
