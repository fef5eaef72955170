import CitiusKernels
import CitiusTensor

/// The gradient of a table of which a computation read some rows: it is 0 everywhere else, and nothing is kept there.
package struct RowGradient {
    /// The rows that were read, ascending and each once.
    package let rows: [Int32]
    /// Their gradients, [rows, …].
    package let values: Tensor
    /// The table's shape.
    package let shape: Shape

    package var dtype: DType { values.dtype }

    package init(rows: [Int32], values: Tensor, shape: Shape) {
        self.rows = rows
        self.values = values
        self.shape = shape
    }

    /// - Parameters:
    ///   - cotangent: the gradient of what was looked up, the rows one behind the other.
    ///   - groups: which rows they are.
    init(_ cotangent: Tensor, _ groups: RowGroups, shape: Shape) {
        let entry = shape.droppingFirst()
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: entry.prepending(groups.rows.count)) { (out: UnsafeMutablePointer<T>) in
                cotangent.withElements { groups.sum($0, width: entry.count, to: out) }
            }
        }
        self.init(
            rows: groups.rows, values: apply(cotangent.dtype.realType(for: "rows")), shape: shape)
    }

    /// The sum of several gradients of one table.
    init(sumOf gradients: [RowGradient]) {
        if gradients.count == 1 {
            self = gradients[0]
            return
        }
        let rows = gradients.flatMap { $0.rows }
        let shape = gradients[0].shape
        self.init(
            Tensor.concatenate(gradients.map { $0.values }), RowGroups(rows, of: shape[0]),
            shape: shape)
    }

    /// With a zero for each element of the other rows.
    package var dense: Tensor {
        var result = Tensor(zeros: shape, dtype: dtype)
        add(to: &result)
        return result
    }

    func add(to table: inout Tensor) {
        func apply<T: RealScalar>(_ type: T.Type) {
            table.withMutableElements { (out: UnsafeMutablePointer<T>) in
                values.withElements {
                    addRows($0, rows: rows, width: shape.droppingFirst().count, to: out)
                }
            }
        }
        apply(dtype.realType(for: "rows"))
    }
}

/// The gradient of a parameter, as an optimizer takes it.
package enum ParameterGradient {
    case dense(Tensor)
    /// Of a parameter that was only looked up in.
    case rows(RowGradient)

    package var isOfRows: Bool { if case .rows = self { true } else { false } }

    package var shape: Shape {
        switch self {
        case .dense(let tensor): tensor.shape
        case .rows(let gradient): gradient.shape
        }
    }

    package var dtype: DType {
        switch self {
        case .dense(let tensor): tensor.dtype
        case .rows(let gradient): gradient.dtype
        }
    }

    /// With all elements.
    package var dense: Tensor {
        switch self {
        case .dense(let tensor): tensor
        case .rows(let gradient): gradient.dense
        }
    }
}

/// Changes of a parameter's rows that an optimizer puts off until the rows are read.
package protocol PendingRows: AnyObject {
    /// Makes up for what these rows lack; nil for all rows.
    func settle(_ rows: [Int32]?, of value: inout Tensor)
}
