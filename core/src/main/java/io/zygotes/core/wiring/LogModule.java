package io.zygotes.core.wiring;

import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.output.OutputLog;
import io.zygotes.core.output.OutputTails;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.trace.TraceLog;
import io.zygotes.spi.mechanism.MechanismContext.OutputSink;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Wires what is written down: the lines that lambdas print, and the trace of calls. Each is there if the settings say
 * so.
 */
public final class LogModule extends AbstractModule {

    private static final long OUTPUT_BYTES_A_FILE = 10L << 20;
    private static final long OUTPUT_BYTES_A_SECOND = 1L << 20;
    /** About half a million calls. */
    private static final long TRACE_BYTES_A_FILE = 50L << 20;

    @Provides
    @Singleton
    Optional<OutputLog> output(WorkerConfig config) {
        return config.logOutput()
                ? Optional.of(new OutputLog(logs(config), OUTPUT_BYTES_A_FILE, OUTPUT_BYTES_A_SECOND))
                : Optional.empty();
    }

    @Provides
    @Singleton
    OutputTails tails(Optional<OutputLog> output) {
        return new OutputTails(output.<OutputSink>map(log -> log).orElse((sandbox, label, line) -> {}));
    }

    @Provides
    OutputSink sink(OutputTails tails) {
        return tails;
    }

    @Provides
    @Singleton
    Optional<TraceLog> trace(WorkerConfig config, PackageStore packages) {
        return config.trace().packages()
                ? Optional.of(new TraceLog(logs(config), TRACE_BYTES_A_FILE, packages))
                : Optional.empty();
    }

    private static Path logs(WorkerConfig config) {
        return config.stateFolder().resolve("logs");
    }
}
