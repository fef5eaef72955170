import CitiusPlatform

extension Tensor {
    /// A tensor over bytes of a file from an offset on, row-major and in the machine's byte order.
    ///
    /// Nothing is copied, nor read before it is looked at, where the bytes lie at a multiple of the elements' size;
    /// writing to the tensor copies it first. Elsewhere, and of bool, whose bytes may be any in a file, it is a copy.
    ///
    /// Traps if the file ends before.
    package init(viewing file: FileBytes, from start: Int, shape: Shape, dtype: DType) {
        let byteCount = shape.byteCount(of: dtype)
        require(
            start >= 0 && byteCount <= file.buffer.count - start,
            "Tensor(viewing:): \(byteCount) bytes from \(start) on, in \(file.name) of \(file.buffer.count)")
        guard byteCount > 0, let base = file.buffer.baseAddress else {
            self.init(uninitialized: shape, dtype: dtype)
            return
        }
        let address = base + start
        if dtype == .bool {
            self.init(shape: shape) { (out: UnsafeMutablePointer<Bool>) in
                for index in 0..<shape.count { out[index] = file.buffer[start + index] != 0 }
            }
        } else if Int(bitPattern: address) % dtype.byteCount == 0 {
            self.init(
                storage: Storage(
                    UnsafeMutableRawPointer(mutating: address), byteCount: byteCount, owner: file,
                    isWritable: false),
                offset: 0, shape: shape, dtype: dtype)
        } else {
            self.init(uninitialized: shape, dtype: dtype)
            storage.pointer.copyMemory(from: address, byteCount: byteCount)
        }
    }
}
