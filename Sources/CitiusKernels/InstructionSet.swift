import CitiusPlatform
import CitiusSIMD

/// The microkernels of one instruction set, and the choice among the sets that this machine runs.
package struct InstructionSet: Sendable {
    /// The best that this machine runs, or what the environment's `CITIUS_ISA` names.
    package static let chosen: InstructionSet = {
        guard let kernels = citius_chosen_kernels() else {
            let name = environment("CITIUS_ISA") ?? ""
            fail(
                "CITIUS_ISA is \"\(name)\", expected one of \(available.map(\.name).joined(separator: ", "))")
        }
        return InstructionSet(kernels: kernels.pointee)
    }()

    /// All that this machine runs.
    package static let available = ["baseline", "avx2", "avx512"].compactMap { (name: String) in
        citius_kernels_named(name).map { InstructionSet(kernels: $0.pointee) }
    }

    package let kernels: citius_kernels

    package var name: String { String(cString: kernels.name) }
}
