import CitiusAutograd
import CitiusTensor
import Testing

/// Compares a function's gradients with central differences, element by element.
///
/// In float64, with a random cotangent (a sum as the loss would miss a permutation). The error of a central
/// difference of step h is of order h² + ε/h: about 1e-10 for h = 1e-5 and values near 1.
///
/// - Parameters:
///   - arguments: float64 tensors.
///   - seed: of the cotangent; printed when the check fails.
///   - tolerance: what a difference may be, times 1 + |gradient|.
///   - function: any shape of result.
public func checkGradients(
    at arguments: [Tensor], seed: UInt64 = 1, step: Double = 1e-5, tolerance: Double = 1e-6,
    sourceLocation: SourceLocation = #_sourceLocation, _ function: ([Variable]) throws -> Variable
) rethrows {
    if let failure = try gradientMismatch(
        at: arguments, seed: seed, step: step, tolerance: tolerance, function)
    {
        Issue.record("\(failure) (seed \(seed))", sourceLocation: sourceLocation)
    }
}

/// What is wrong with a function's gradients; nil if nothing is.
public func gradientMismatch(
    at arguments: [Tensor], seed: UInt64 = 1, step: Double = 1e-5, tolerance: Double = 1e-6,
    _ function: ([Variable]) throws -> Variable
) rethrows -> String? {
    let tape = Tape()
    let variables = arguments.map { tape.watch($0) }
    let result = try function(variables)
    let cotangent = randomTensor(result.shape, dtype: result.dtype, seed: seed &+ 0x5EED)
    let gradients = tape.gradients(of: result, cotangent: cotangent)

    for (number, argument) in arguments.enumerated() {
        let gradient = gradients[variables[number]]
        if gradient.shape != argument.shape {
            return "argument \(number): gradient of shape \(gradient.shape), expected \(argument.shape)"
        }
        let analytic = gradient.elements(as: Double.self)
        let elements = argument.elements(as: Double.self)
        for index in elements.indices {
            func weightedResult(_ change: Double) throws -> Double {
                var moved = elements
                moved[index] += change
                var inputs = arguments.map { Variable($0) }
                inputs[number] = Variable(Tensor(moved, shape: argument.shape))
                return (try function(inputs).value * cotangent).sum().scalar
            }
            let numeric = try (weightedResult(step) - weightedResult(-step)) / (2 * step)
            // A NaN must fail, so the comparison is stated by what is right.
            if !(abs(analytic[index] - numeric) <= tolerance * (1 + abs(numeric))) {
                return
                    "argument \(number), element \(index): gradient \(analytic[index]), central difference \(numeric)"
            }
        }
    }
    return nil
}
