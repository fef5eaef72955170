import CitiusSIMD
import CitiusTestSupport
import Testing

@testable import CitiusKernels

/// The microkernels of recurrent cells, of functions of single elements, of optimizers and of transposition.
extension BoundsTests.Microkernels {
    // MARK: Recurrent cells

    @Test(arguments: names) func recurrentSteps(name: String) throws {
        let set = try set(named: name)
        let cells = [
            (1, 1, set.simple_step, set.simple_gradient), (4, 5, set.lstm_step, set.lstm_gradient),
            (3, 4, set.gru_step, set.gru_gradient),
        ]
        for units in Self.widths {
            for (gates, recorded, forward, gradient) in cells {
                for isMasked in [false, true] {
                    expectStaysInside("\(name), recurrent step of \(gates) gates, \(units) units") {
                        memory in
                        let rows = 2
                        let count = rows * units
                        func numbers(_ count: Int, _ seed: UInt64) -> UnsafeMutablePointer<Float> {
                            memory.sums(GuardedMemory.numbers(count, seed: seed))
                        }
                        var step = citius_recurrent_step()
                        (step.rows, step.units) = (rows, units)
                        (step.activation, step.recurrent_activation) = (1, 2)
                        if isMasked {
                            step.mask = UnsafePointer(memory.elements([0, 1] as [UInt8]))
                            step.mask_stride = 1
                        }
                        step.x = UnsafePointer(memory.random(count * gates, seed: 1))
                        step.x_stride = gates * units
                        step.products = UnsafePointer(memory.random(count * gates, seed: 2))
                        step.h = numbers(count, 3)
                        step.c = numbers(count, 4)
                        step.before = memory.results(count)
                        step.before_stride = units
                        // Masked rows write some of it alone.
                        step.record = numbers(count * recorded, 5)
                        step.record_stride = recorded * units
                        step.y = memory.results(count)
                        step.y_stride = units
                        forward?(&step)
                        step.dy = UnsafePointer(memory.random(count, seed: 6))
                        step.dy_stride = units
                        step.dh = numbers(count, 7)
                        step.dc = numbers(count, 8)
                        step.dx = memory.results(count * gates)
                        step.dx_stride = gates * units
                        step.c_before = UnsafePointer(memory.random(count, seed: 9))
                        step.c_before_stride = units
                        gradient?(&step)
                    }
                }
            }
        }
    }

    // MARK: Lines

    @Test(arguments: names) func functions(name: String) throws {
        let set = try set(named: name)
        for count in Self.widths {
            expectStaysInside("\(name), functions of \(count)") { memory in
                let x = memory.elements(GuardedMemory.numbers(count, seed: 1).map { abs($0) + 0.1 })
                for function in [
                    set.exponential, set.logarithm, set.hyperbolic_tangent, set.logistic_function,
                    set.error_function,
                ] {
                    function?(x, memory.results(count), count)
                }
            }
            for rows in [1, 3, 70] {
                expectStaysInside("\(name), softmax \(rows)×\(count)") { memory in
                    let x = memory.random(rows * count, seed: 2)
                    for isLogarithm in [0, 1] {
                        set.softmax(x, rows, count, Int32(isLogarithm), memory.results(rows * count))
                    }
                    let labels = memory.elements((0..<rows).map { Int32($0 % count) })
                    set.softmax_cross_entropy(
                        x, labels, rows, count, memory.results(rows), memory.results(rows * count))
                }
            }
        }
    }

    @Test(arguments: names) func dropout(name: String) throws {
        let set = try set(named: name)
        for count in Self.widths + [127, 128, 129] {
            expectStaysInside("\(name), dropout of \(count)") { memory in
                let keep = memory.results(count, of: UInt8.self)
                set.keep_randomly(5, 3, 1 << 31, keep, count)
                set.mask(memory.random(count, seed: 1), keep, 2, count, memory.results(count))
            }
        }
    }

    @Test(arguments: names) func optimizers(name: String) throws {
        let set = try set(named: name)
        let step = citius_step(rate: 0.1, kept: 0.9, gradient_scale: 1, limit: .infinity)
        let adam = citius_adam(new1: 0.1, new2: 0.01, epsilon: 1e-7)
        for count in Self.widths {
            expectStaysInside("\(name), optimizers of \(count)") { memory in
                func numbers(_ seed: UInt64) -> UnsafeMutablePointer<Float> {
                    memory.sums(GuardedMemory.numbers(count, seed: seed).map { abs($0) })
                }
                let g = memory.random(count, seed: 1)
                set.sgd_step(numbers(2), g, nil, count, step, 0.9, 0)
                set.sgd_step(numbers(3), g, numbers(4), count, step, 0.9, 1)
                set.adam_step(numbers(5), g, numbers(6), numbers(7), nil, count, step, adam)
                set.adam_step(numbers(8), g, numbers(9), numbers(10), numbers(11), count, step, adam)
            }
        }
    }

    @Test(arguments: names) func transposition(name: String) throws {
        let set = try set(named: name)
        for rows in Self.widths {
            for columns in Self.widths {
                expectStaysInside("\(name), transpose \(rows)×\(columns)") { memory in
                    set.transpose(
                        memory.random(rows * columns, seed: 1), columns, rows, columns,
                        memory.results(rows * columns), rows)
                }
            }
        }
    }
}
