import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// y = x · kernel + bias, along the last axis.
    ///
    /// - Parameters: `self` is [batch, …, inputs], `kernel` [inputs, outputs], `bias` [outputs].
    /// - Returns: [batch, …, outputs].
    ///
    /// Traps if the shapes do not fit together or the dtypes differ.
    public func dense(_ kernel: Variable, bias: Variable? = nil) -> Variable {
        dense(kernel, bias: bias, epilogue: Epilogue())
    }

    /// The same with an epilogue.
    package func dense(
        _ kernel: Variable, bias: Variable? = nil, epilogue: Epilogue, acceleration: Acceleration = .full
    ) -> Variable {
        let input = self
        require(
            kernel.shape.rank == 2,
            "dense: kernel \(kernel.shape) has rank \(kernel.shape.rank), expected 2 [inputs, outputs]")
        let inputs = kernel.shape[0]
        let outputs = kernel.shape[1]
        require(
            shape.rank >= 1 && shape[-1] == inputs,
            "dense: input \(shape) does not end in the \(inputs) inputs of kernel \(kernel.shape)")
        require(
            bias == nil || bias?.shape == [outputs],
            "dense: bias has shape \(bias?.shape ?? []), expected [\(outputs)]")
        requireOneDType("dense", kernel, bias: bias)
        let skipsZeros = acceleration.skipsZeros
        let rows = shape.sizes.dropLast().reduce(1, *)
        let outputShape = Shape(shape.sizes.dropLast() + [outputs])

        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let y = Tensor(shape: outputShape) { (out: UnsafeMutablePointer<T>) in
                input.value.withElements { x in
                    kernel.value.withElements { kernel in
                        withOptionalElements(bias?.value) { bias in
                            matrixMultiply(
                                rows: rows, columns: outputs, depth: inputs, x, leadingA: inputs, kernel,
                                leadingB: outputs, out, leadingC: outputs, bias: bias, clamp: epilogue.clamp,
                                skipsZeros: skipsZeros)
                        }
                    }
                }
            }
            return Variable(y, computedFrom: input, kernel, bias ?? Variable(y)) { cotangent in
                let dy = cotangent.passed(by: epilogue.clamp, T.self, y: y)
                return dy.withElements { (dyElements: UnsafePointer<T>) in
                    var dx: Tensor?
                    if input.isTracked {
                        dx = Tensor(shape: input.shape) { (out: UnsafeMutablePointer<T>) in
                            kernel.value.withElements { kernel in
                                matrixMultiply(
                                    transposeB: true, rows: rows, columns: inputs, depth: outputs, dyElements,
                                    leadingA: outputs, kernel, leadingB: outputs, out, leadingC: inputs,
                                    skipsZeros: skipsZeros)
                            }
                        }
                    }
                    var dKernel: Tensor?
                    if kernel.isTracked {
                        dKernel = Tensor(shape: kernel.shape) { (out: UnsafeMutablePointer<T>) in
                            input.value.withElements { x in
                                matrixMultiply(
                                    transposeA: true, rows: inputs, columns: outputs, depth: rows, x,
                                    leadingA: inputs, dyElements, leadingB: outputs, out, leadingC: outputs,
                                    skipsZeros: skipsZeros)
                            }
                        }
                    }
                    return [dx, dKernel, bias?.isTracked == true ? dy.rowSums(T.self) : nil]
                }
            }
        }
        return apply(dtype.realType(for: "dense")).pooled(by: epilogue)
    }

    /// Traps with the operation's name if a layer's weights are not of this input's dtype.
    func requireOneDType(_ operation: String, _ kernel: Variable, bias: Variable?) {
        require(
            kernel.dtype == dtype && bias?.dtype ?? dtype == dtype,
            "\(operation): the input is \(dtype), the kernel \(kernel.dtype)"
                + (bias.map { " and the bias \($0.dtype)" } ?? "")
                + "; cast the input (cast(to: .\(kernel.dtype))), or make the layer for \(dtype)")
    }
}
