import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusKernels

/// The elementwise functions of every instruction set against those of float64, in units in the last place.
@Suite struct ExponentialTests {
    typealias Kernel = @convention(c) (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) -> Void

    enum Function: String, CaseIterable, Sendable {
        case exp, log, tanh, logistic, erf

        /// What the documentation says of the error.
        var bound: Double {
            switch self {
            case .exp: 1.02
            case .log: 0.83
            case .tanh: 1.34
            case .logistic: 2.41
            case .erf: 1.34
            }
        }

        func exact(_ x: Double) -> Double {
            switch self {
            case .exp: Foundation.exp(x)
            case .log: Foundation.log(x)
            case .tanh: Foundation.tanh(x)
            case .logistic: 1 / (1 + Foundation.exp(-x))
            case .erf: Foundation.erf(x)
            }
        }

        func kernel(of set: InstructionSet) -> Kernel {
            switch self {
            case .exp: set.kernels.exponential
            case .log: set.kernels.logarithm
            case .tanh: set.kernels.hyperbolic_tangent
            case .logistic: set.kernels.logistic_function
            case .erf: set.kernels.error_function
            }
        }
    }

    private func apply(_ kernel: Kernel, _ x: [Float]) -> [Float] {
        var y = [Float](repeating: 7, count: x.count)
        kernel(x, &y, x.count)
        return y
    }

    /// Floats of every exponent and sign, ±0, ±∞ and NaN among them, and the bounds of over- and underflow.
    private static let inputs: [Float] = {
        // A prime stride, so that the low bits vary too.
        var inputs = stride(from: 0, to: 1 << 32, by: 40_009).map { Float(bitPattern: UInt32($0)) }
        for exponent in UInt32(0)...255 {
            for mantissa in [0, 1, 0x40_0000, 0x7f_ffff] as [UInt32] {
                let magnitude = Float(bitPattern: exponent << 23 | mantissa)
                inputs += [magnitude, -magnitude]
            }
        }
        for bound in [
            88.72284, -87.33655, -103.97208, -103.27893, 0.625, 9.01, 0.70710678, 1.4142135, 1, 3.95,
        ] as [Float] {
            for value in [bound.nextDown, bound, bound.nextUp] { inputs += [value, -value] }
        }
        inputs += (0..<4_000).map { Float($0) * 0.05 - 100 }
        return inputs
    }()

    @Test(arguments: Function.allCases) func errorsAreBounded(function: Function) {
        let exact = Self.inputs.map { function.exact(Double($0)) }
        for set in InstructionSet.available {
            let results = apply(function.kernel(of: set), Self.inputs)
            var (worst, place) = (0.0, 0)
            for index in exact.indices {
                let (result, expected) = (results[index], exact[index])
                if expected.isNaN || result.isNaN || Float(expected).isInfinite || result.isInfinite {
                    let isRight = expected.isNaN ? result.isNaN : result == Float(expected)
                    if !isRight { (worst, place) = (.infinity, index) }
                    continue
                }
                let unit = max(Double(Float(expected).ulp), 0x1p-149)
                let error = abs(Double(result) - expected) / unit
                if error > worst { (worst, place) = (error, index) }
            }
            #expect(
                worst <= function.bound,
                "\(function) of \(Self.inputs[place]) by \(set.name) is \(results[place]), not \(exact[place])"
            )
        }
    }

    @Test func specialValues() {
        for set in InstructionSet.available {
            func values(_ function: Function, _ x: [Float]) -> [Float] { apply(function.kernel(of: set), x) }
            #expect(
                values(.exp, [0, -0.0, .infinity, -.infinity, 88.8, -104]) == [
                    1, 1, .infinity, 0, .infinity, 0,
                ])
            #expect(values(.log, [1, 0, -0.0, .infinity]) == [0, -.infinity, -.infinity, .infinity])
            #expect(values(.log, [-1, -.infinity, -.leastNonzeroMagnitude]).allSatisfy { $0.isNaN })
            #expect(values(.tanh, [0, .infinity, -.infinity, 20, -20]) == [0, 1, -1, 1, -1])
            #expect(values(.logistic, [0, .infinity, -.infinity, 200, -200]) == [0.5, 1, 0, 1, 0])
            #expect(values(.erf, [0, .infinity, -.infinity, 5, -5]) == [0, 1, -1, 1, -1])
            for function in [Function.tanh, .erf] {
                #expect(values(function, [-0.0])[0].sign == .minus)
                // Odd functions, to the bit.
                let x = Self.inputs.prefix(3_000).map { $0 }
                let (there, back) = (values(function, x), values(function, x.map { -$0 }))
                #expect(zip(there, back).allSatisfy { $0 == -$1 || $0.isNaN })
            }
            for function in Function.allCases {
                #expect(values(function, [.nan, .nan, 1, .nan]).map(\.isNaN) == [true, true, false, true])
            }
        }
    }

    /// The rest of a line goes where it should and no further, also in place.
    @Test func everyLength() {
        let x = (0..<70).map { Float($0) * 0.1 + 0.05 }
        for set in InstructionSet.available {
            for function in Function.allCases {
                let all = apply(function.kernel(of: set), x)
                for count in 0..<70 {
                    var y = x
                    y.withUnsafeMutableBufferPointer {
                        function.kernel(of: set)($0.baseAddress, $0.baseAddress, count)
                    }
                    #expect(y[..<count] == all[..<count] && y[count...] == x[count...])
                }
            }
        }
    }
}
