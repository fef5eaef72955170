import CitiusConfiguration
import CitiusLayers
import CitiusModels

/// What a reader of files says of a layer with such a configuration, but for these of Keras's keys; nil if it makes it.
func configurationFault<Made: ConfigurableLayer>(_ layer: Made, _ changes: JSON.Object) -> String? {
    do {
        var config = try JSON(encoding: layer.configuration).object ?? [:]
        for (key, value) in changes { config[key] = value }
        _ = try Layer.described(by: ["class_name": .string(Made.className), "config": .object(config)])
        return nil
    } catch {
        return "\(error)"
    }
}
