import CitiusConfiguration
import CitiusPlatform

/// Sends the logs of each epoch to where you want, as Keras's JSON: `{"epoch": 0, "loss": 0.52, "accuracy": 0.81}`.
///
/// ```swift
/// RemoteMonitor { json in try post(json, to: "http://localhost:9000/publish/epoch/end/") }
/// ```
///
/// How it is sent is up to the closure: the library itself opens no connections. Where that fails a line says so, once
/// for each epoch, and the training goes on. Follows `keras.callbacks.RemoteMonitor`.
public final class RemoteMonitor: Callback {
    private let send: (String) throws -> Void

    /// - Parameter send: takes the text and hands it on.
    public init(_ send: @escaping (_ json: String) throws -> Void) { self.send = send }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        var members: JSON.Object = [:]
        members["epoch"] = .integer(Int64(epoch))
        for (name, value) in logs.entries { members[name] = .number(value) }
        do { try send(JSON.object(members).text()) } catch {
            Console.warn("RemoteMonitor: the logs of epoch \(epoch + 1) cannot be sent: \(error)")
        }
    }
}
