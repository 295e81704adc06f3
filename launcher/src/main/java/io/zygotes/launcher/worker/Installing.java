package io.zygotes.launcher.worker;

import io.zygotes.core.Worker;
import io.zygotes.core.function.InstallProgress;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.launcher.console.Output;
import io.zygotes.launcher.control.ControlAnswer;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Lets a running worker do ahead what the first call of a lambda would wait for, told over its control socket. Safe for
 * many threads.
 */
public final class Installing {

    /** Says that something was put into the registry. */
    public static final String PREPARE = "/admin/prepare";
    /** Installs the packages of the lambda whose name stands behind the question mark, and says how far that is. */
    public static final String PACKAGES = "/admin/packages";

    private static final int OK = 200;
    /** There is no such lambda, or it cannot be used. */
    private static final int CONFLICT = 409;
    /** A fault in Zygotes. */
    private static final int FAULT = 500;

    private final Worker worker;

    Installing(Worker worker) {
        this.worker = worker;
    }

    /** The answer when it goes on or ended: as {@link InstallProgress}, whose package is closed to what writes JSON. */
    record Progress(List<String> installed, List<String> missing, boolean done, String error) {}

    /** The answer when it did not go well: why. */
    record NotInstalled(String error) {}

    /** The commands by their paths. */
    Map<String, Function<String, ControlAnswer>> commands() {
        return Map.of(PREPARE, _ -> prepare(), PACKAGES, this::packages);
    }

    private ControlAnswer prepare() {
        worker.prepare();
        return new ControlAnswer(OK, "{}");
    }

    private ControlAnswer packages(String lambda) {
        try {
            InstallProgress progress = worker.installAhead(lambda);
            return new ControlAnswer(
                    OK,
                    Output.json(
                            new Progress(progress.installed(), progress.missing(), progress.done(), progress.error())));
        } catch (RegistryException | IOException e) {
            return new ControlAnswer(CONFLICT, Output.json(new NotInstalled(String.valueOf(e.getMessage()))));
        } catch (RuntimeException | Error e) {
            return new ControlAnswer(FAULT, Output.json(new NotInstalled(e.toString())));
        }
    }
}
