import CitiusKernels
import CitiusPlatform
import CitiusTensor
import Synchronization

/// A tensor that a layer owns and training changes: a kernel, a bias, a moving mean.
///
/// It is an object: layers that share it share its value, and optimizers keep their state by its identity.
public final class Parameter {
    public let name: String
    /// The names of the layers on the way to it and its own, `encoder/dense/kernel`, once a model trains it; else the
    /// name.
    public package(set) var path: String
    public let shape: Shape
    public let dtype: DType
    private var storedValue: Tensor
    /// The value as a kernel has packed it, until it changes. Guarded, since any number of threads may predict.
    private let packed = Mutex<Packed?>(nil)
    private struct Packed: Sendable {
        let layout: KernelLayout
        let elements: Storage
    }
    /// Whether rows lack changes that an optimizer has put off. Atomic, and `pendingRows` guarded, since any number of
    /// threads may predict.
    private let isBehind = Atomic<Bool>(false)
    private let settling = Mutex(())
    private var pendingRows: (any PendingRows)?
    /// Whether gradient descent ever trains it; false for statistics that a layer keeps itself.
    public let isLearned: Bool
    /// Held fixed for now, by itself: `isTrainable` of a layer holds all of its parameters fixed.
    public var isFrozen = false
    /// What training adds to the loss for this parameter's value.
    public var regularizer: Regularizer?
    /// Where each training step puts the value back to.
    public var constraint: Constraint?
    /// Held fixed by a layer that it belongs to.
    package var isFrozenByLayer = false

    /// Lives as long as the parameter: whoever wants a weak reference has one to this. A weak reference to the parameter
    /// itself would make all counting of its references slow.
    package private(set) lazy var lifetime = Lifetime(self)

    package final class Lifetime {
        package unowned let parameter: Parameter
        fileprivate init(_ parameter: Parameter) { self.parameter = parameter }
    }

    public init(name: String, value: Tensor, isLearned: Bool = true) {
        self.name = name
        path = name
        shape = value.shape
        dtype = value.dtype
        storedValue = value
        self.isLearned = isLearned
    }

    /// Of fixed shape and dtype; traps when set to another.
    public var value: Tensor {
        get {
            settle()
            return storedValue
        }
        set {
            settle()
            packed.withLock { $0 = nil }
            storedValue = newValue
            checkValue()
        }
    }

    /// Changes the value in place. Assigning `value` replaces it, and `parameter.value += x` copies it; this
    /// does neither, as long as no other tensor shares its elements.
    ///
    /// Traps if the shape or the dtype is not what it was.
    public func update<R>(_ body: (inout Tensor) throws -> R) rethrows -> R {
        defer { checkValue() }
        settle()
        packed.withLock { $0 = nil }
        return try body(&storedValue)
    }

    // MARK: Rows that are behind

    /// Makes all changes of rows that an optimizer has put off. Whoever reads the value, or what the optimizer keeps for
    /// the parameter, calls it first; `value` and `update` do.
    package func settle() {
        guard isBehind.load(ordering: .acquiring) else { return }
        settling.withLock { _ in
            guard isBehind.load(ordering: .relaxed) else { return }
            pendingRows?.settle(nil, of: &storedValue)
            isBehind.store(false, ordering: .releasing)
        }
    }

    /// Calls `body` with the value, of which these rows alone need be up to date.
    func withCurrentRows<R>(_ rows: [Int32], _ body: (Tensor) -> R) -> R {
        if isBehind.load(ordering: .acquiring) {
            settling.withLock { _ in pendingRows?.settle(rows, of: &storedValue) }
        }
        return body(storedValue)
    }

    /// Changes rows of the value and puts off the changes of the others, for which `pending` will make up.
    ///
    /// Changes that another one has put off are made first.
    package func updateRows(puttingOffOthers pending: (any PendingRows)?, _ body: (inout Tensor) -> Void) {
        if pendingRows !== pending {
            settle()
            pendingRows = pending
        }
        packed.withLock { $0 = nil }
        body(&storedValue)
        if pending != nil { isBehind.store(true, ordering: .releasing) }
    }

    /// The value packed in this layout, by `pack` if it is not at hand.
    func packed(in layout: KernelLayout, by pack: () -> Storage) -> Storage {
        packed.withLock { packed in
            if let packed, packed.layout == layout { return packed.elements }
            let elements = pack()
            packed = Packed(layout: layout, elements: elements)
            return elements
        }
    }

    private func checkValue() {
        require(
            storedValue.shape == shape && storedValue.dtype == dtype,
            "\(name): set to \(storedValue.dtype) \(storedValue.shape), expected \(dtype) \(shape)")
    }

    /// Whether a training step changes it by its gradient.
    public var isTrainable: Bool { isLearned && !isFrozen && !isFrozenByLayer }
}
