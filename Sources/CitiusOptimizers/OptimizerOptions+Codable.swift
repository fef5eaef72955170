import CitiusConfiguration

/// In Keras's keys.
extension OptimizerOptions: Codable {
    enum CodingKeys: String, CodingKey {
        case name, learningRate, weightDecay
        case clipNorm = "clipnorm"
        case globalClipNorm = "global_clipnorm"
        case clipValue = "clipvalue"
        case useEMA = "use_ema"
        case emaMomentum, emaOverwriteFrequency, lossScaleFactor, gradientAccumulationSteps
    }

    /// What is absent has Keras's default, except for the learning rate.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys, as type: Value.Type = Value.self) throws -> Value? {
            try container.decodeIfPresent(type, forKey: key)
        }
        self.init(
            learningRate: try container.decode(CodableSchedule.self, forKey: .learningRate).schedule,
            weightDecay: try value(.weightDecay), clipNorm: try value(.clipNorm),
            clipValue: try value(.clipValue), globalClipNorm: try value(.globalClipNorm))
        name = try value(.name)
        useEMA = try value(.useEMA) ?? useEMA
        emaMomentum = try value(.emaMomentum) ?? emaMomentum
        emaOverwriteFrequency = try value(.emaOverwriteFrequency)
        lossScaleFactor = try value(.lossScaleFactor)
        gradientAccumulationSteps = try value(.gradientAccumulationSteps)
    }

    /// - Throws: an `EncodingError` if the schedule does not describe itself.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(CodableSchedule(schedule: learningRate), forKey: .learningRate)
        try container.encode(weightDecay, forKey: .weightDecay)
        try container.encode(clipNorm, forKey: .clipNorm)
        try container.encode(globalClipNorm, forKey: .globalClipNorm)
        try container.encode(clipValue, forKey: .clipValue)
        try container.encode(useEMA, forKey: .useEMA)
        try container.encode(emaMomentum, forKey: .emaMomentum)
        try container.encode(emaOverwriteFrequency, forKey: .emaOverwriteFrequency)
        try container.encode(lossScaleFactor, forKey: .lossScaleFactor)
        try container.encode(gradientAccumulationSteps, forKey: .gradientAccumulationSteps)
    }
}

/// A learning rate in a configuration: a number, or a schedule in its envelope.
private struct CodableSchedule: Codable {
    let schedule: any LearningRateSchedule

    init(schedule: any LearningRateSchedule) { self.schedule = schedule }

    init(from decoder: any Decoder) throws {
        if let number = try? decoder.singleValueContainer().decode(Double.self) {
            schedule = number
        } else {
            schedule = try ConfigurationEnvelope.decode(
                (any ConfigurableSchedule.Type).self, called: "learning rate schedule", from: decoder
            ) { type, configuration in
                let schedule = try type.init(from: configuration)
                if let problem = schedule.problem {
                    throw DecodingError.dataCorrupted(
                        DecodingError.Context(
                            codingPath: configuration.codingPath,
                            debugDescription: "\(type.className): \(problem)"))
                }
                return schedule
            }
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch schedule {
        case let number as Double:
            var container = encoder.singleValueContainer()
            try container.encode(number)
        case let number as Int:
            var container = encoder.singleValueContainer()
            try container.encode(Double(number))
        case let schedule as any ConfigurableSchedule:
            try ConfigurationEnvelope.encode(schedule, to: encoder)
        default:
            throw EncodingError.invalidValue(
                schedule,
                EncodingError.Context(
                    codingPath: encoder.codingPath,
                    debugDescription: """
                        the learning rate schedule \(type(of: schedule)) does not describe itself; make it a \
                        ConfigurableSchedule
                        """))
        }
    }
}
