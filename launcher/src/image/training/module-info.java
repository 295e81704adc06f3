/** Sandboxes that are none: what the image's training runs with where the build may not make real ones. */
module training {
    requires io.zygotes.spi;

    provides io.zygotes.spi.mechanism.SandboxMechanismProvider with
            training.TrainingProvider;
}
