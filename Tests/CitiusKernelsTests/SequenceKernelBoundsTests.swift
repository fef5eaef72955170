import CitiusSIMD
import CitiusTestSupport
import Testing

@testable import CitiusKernels

extension BoundsTests {
    /// The microkernels of attention, of rows' normalization and of GELU, with operands beside guard pages.
    @Suite struct SequenceMicrokernels {
        private func set(named name: String) throws -> citius_kernels {
            try #require(InstructionSet.available.first { $0.name == name }).kernels
        }

        @Test(arguments: Microkernels.names) func normalization(name: String) throws {
            let set = try set(named: name)
            for width in Microkernels.widths + [1023, 1024, 1025] {
                for (centers, hasScale) in [(1, true), (0, true), (1, false)] {
                    expectStaysInside("\(name), normalize_each_row of \(width)") { memory in
                        var job = citius_row_normalization()
                        let rows = 3
                        job.x = UnsafePointer(memory.random(rows * width, seed: 1))
                        (job.rows, job.width) = (rows, width)
                        job.scale = hasScale ? UnsafePointer(memory.random(width, seed: 2)) : nil
                        job.offset = hasScale ? UnsafePointer(memory.random(width, seed: 3)) : nil
                        (job.epsilon, job.centers) = (1e-3, Int32(centers))
                        job.means = memory.results(rows)
                        job.inverses = memory.results(rows)
                        job.y = memory.results(rows * width)
                        set.normalize_each_row(&job)
                        let dy = UnsafePointer(memory.random(rows * width, seed: 4))
                        let dx: UnsafeMutablePointer<Float> = memory.results(rows * width)
                        set.normalize_each_row_gradient(
                            &job, dy, dx, memory.sums(GuardedMemory.numbers(width, seed: 5)),
                            memory.sums(GuardedMemory.numbers(width, seed: 6)))
                        set.normalize_each_row_gradient(&job, dy, nil, nil, nil)
                    }
                }
            }
        }

        @Test(arguments: Microkernels.names) func gelu(name: String) throws {
            let set = try set(named: name)
            for count in Microkernels.widths {
                for isApproximate in [0, 1] as [Int32] {
                    expectStaysInside("\(name), gelu of \(count)") { memory in
                        let x = UnsafePointer(memory.random(count, seed: 1))
                        set.gelu(x, count, isApproximate, memory.results(count), nil)
                        set.gelu(
                            x, count, isApproximate, memory.results(count), memory.results(count))
                    }
                }
            }
        }

        @Test(arguments: Microkernels.names) func rowsOfHeads(name: String) throws {
            let set = try set(named: name)
            for width in Microkernels.widths {
                expectStaysInside("\(name), dot_rows, scale_rows and copy_columns of \(width)") { memory in
                    let (rows, stride) = (3, width + 2)
                    let count = (rows - 1) * stride + width
                    let x = memory.random(count, seed: 1)
                    let y = UnsafePointer(memory.random(count, seed: 2))
                    let dots = memory.results(rows) as UnsafeMutablePointer<Float>
                    set.dot_rows(UnsafePointer(x), y, stride, rows, width, dots)
                    for row in 0..<rows {
                        let dot = (0..<width).reduce(0.0) {
                            $0 + Double(x[row * stride + $1]) * Double(y[row * stride + $1])
                        }
                        #expect(abs(Double(dots[row]) - dot) < 1e-5 * Double(width), "row \(row), seeds 1, 2")
                    }
                    let copy = memory.results(rows * width) as UnsafeMutablePointer<Float>
                    set.copy_columns(UnsafePointer(x), stride, rows, width, copy, width)
                    let scaled = memory.sums(Array(UnsafeBufferPointer(start: x, count: count)))
                    set.scale_rows(scaled, stride, rows, width, dots)
                    for row in 0..<rows {
                        for column in 0..<width {
                            #expect(copy[row * width + column] == x[row * stride + column])
                            #expect(
                                scaled[row * stride + column] == x[row * stride + column] * dots[row])
                        }
                        for gap in width..<stride where row < rows - 1 {
                            #expect(scaled[row * stride + gap] == x[row * stride + gap])
                        }
                    }
                }
            }
        }

        @Test(arguments: Microkernels.names) func attention(name: String) throws {
            let set = try set(named: name)
            for columns in Microkernels.widths {
                for (isCausal, masks) in [(0, 0), (1, 0), (0, 1), (1, 2), (0, 3)] as [(Int32, Int)] {
                    expectStaysInside("\(name), attention of \(columns) keys, mask \(masks)") { memory in
                        let rows = 3
                        var job = citius_score_tile()
                        job.scores = memory.sums(GuardedMemory.numbers(rows * columns, seed: 1))
                        (job.rows, job.columns, job.stride) = (rows, columns, columns)
                        (job.scale, job.is_causal) = (0.5, isCausal)
                        (job.first_query, job.first_key) = (4, 2)
                        func bytes(_ count: Int) -> UnsafePointer<UInt8> {
                            UnsafePointer(memory.elements((0..<count).map { UInt8($0 % 3 == 0 ? 0 : 1) }))
                        }
                        switch masks {
                        case 1:
                            (job.mask, job.mask_row_stride, job.mask_column_stride) = (
                                bytes(rows * columns), columns, 1
                            )
                        case 2:
                            (job.mask, job.mask_row_stride, job.mask_column_stride) = (bytes(columns), 0, 1)
                        case 3: (job.mask, job.mask_row_stride, job.mask_column_stride) = (bytes(rows), 1, 0)
                        default: break
                        }
                        let maxima = memory.sums([Float](repeating: -.infinity, count: rows))
                        let sums = memory.sums([Float](repeating: 0, count: rows))
                        set.attend_softmax(&job, maxima, sums, memory.results(rows))
                        set.attend_gradient(
                            &job, maxima, sums, UnsafePointer(memory.random(rows, seed: 2)),
                            memory.sums(GuardedMemory.numbers(rows * columns, seed: 3)))
                    }
                }
            }
        }
    }
}
