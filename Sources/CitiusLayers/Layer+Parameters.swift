import CitiusAutograd

extension Layer {
    /// The parameters that training changes: those that gradient descent learns and nothing holds fixed. In order.
    public final var trainableParameters: [Parameter] { parameters.filter { $0.isTrainable } }

    /// The parameters that training leaves: frozen ones, and statistics that layers keep themselves. In order.
    public final var nonTrainableParameters: [Parameter] { parameters.filter { !$0.isTrainable } }
}
