import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Context {
    /// Rows of a parameter [rows, …], by their numbers, which must be in range: how an embedding reads its table.
    ///
    /// The gradient is that of the rows that were read, and nothing is stored for the others; where the parameter is
    /// used otherwise in the same pass too, both add up. An optimizer may have put off changes of rows that nobody
    /// read: those of the rows that are read now are made up for, of the others they still wait.
    ///
    /// - Parameters:
    ///   - rows: the row at each place.
    ///   - shape: of the places.
    /// - Returns: [shape, …].
    package func rows(of table: Parameter, at rows: [Int32], shape: Shape) -> Variable {
        let entry = table.shape.droppingFirst()
        let resultShape = Shape(shape.sizes + entry.sizes)
        func look(in value: Tensor) -> Tensor {
            func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
                Tensor(shape: resultShape) { (out: UnsafeMutablePointer<T>) in
                    value.withElements { takeRows($0, rows: rows, width: entry.count, to: out) }
                }
            }
            return apply(value.dtype.realType(for: "rows"))
        }
        guard let tape, table.isTrainable else { return Variable(look(in: table.value)) }
        let groups = RowGroups(rows, of: table.shape[0])
        let value = table.withCurrentRows(groups.rows) { look(in: $0) }
        return tape.recordRows(value, of: table) { RowGradient($0, groups, shape: table.shape) }
    }
}

extension Tensor {
    /// The elements as numbers of rows, truncated where they are real, and the place of the first that is not in
    /// `0..<count`.
    package func rowNumbers(below count: Int) -> (rows: [Int32], firstFault: Int?) {
        let numbers = dtype == .int64 ? self : cast(to: .int64)
        return numbers.withElements { (numbers: UnsafePointer<Int64>) in
            var fault: Int?
            let rows = [Int32](unsafeUninitializedCapacity: self.count) { rows, initialized in
                for place in 0..<self.count {
                    let number = numbers[place]
                    if number < 0 || number >= Int64(count) {
                        fault = place
                        break
                    }
                    rows[place] = Int32(truncatingIfNeeded: number)
                    initialized = place + 1
                }
            }
            return (rows, fault)
        }
    }
}
