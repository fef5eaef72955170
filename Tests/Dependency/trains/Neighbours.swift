import Citius
import Elementary

/// Uses a neighbour's names beside Citius; false if one of them meant another declaration.
func neighboursAreUnderstood() -> Bool {
    func logistic<T: ElementaryFunctions & BinaryFloatingPoint>(_ x: T) -> T { 1 / (1 + T.exp(-x)) }

    let doubles: [Double] = [
        .exp(1), Double.log(3), .log1p(2), .tanh(2), .erf(2), .sin(2), .cos(-1), .sqrt(4), .pow(2, 1),
        logistic(0) * 4,
    ]
    let floats: [Float] = [.exp(1), Float.log(3), .sin(2), .pow(2, 1), logistic(0) * 4]
    let integers = [
        Int32.sum(1, 1), .difference(3, 1), .product(2, .one), Int32(converting: Int32(2).asDouble),
    ]
    let tensor = Tensor([Float.exp(1), .log(3)])
    return doubles.allSatisfy { $0 == 2 } && floats.allSatisfy { $0 == 2 } && integers.allSatisfy { $0 == 2 }
        && tensor.elements(as: Float.self) == [2, 2] && require(true, "") && fail("").isEmpty
        && environment("PATH") == nil && nanoseconds() == 0 && Console.write("a") == 1
}
