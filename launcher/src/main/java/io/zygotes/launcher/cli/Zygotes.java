package io.zygotes.launcher.cli;

import io.zygotes.core.registry.RegistryException;
import io.zygotes.launcher.console.Failure;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.PackageException;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command {@code zygotes} and its exit codes. */
@Command(
        name = "zygotes",
        description = "Runs Python lambdas in sandboxes that are forked from processes with the packages imported.",
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footer = {
            "",
            "init, up, down, status and reload are short for worker init, ...; install is short for admin install.",
            "New here? 'zygotes demo' shows what it does, 'zygotes COMMAND --help' how."
        })
public final class Zygotes implements Runnable {

    private static final List<Class<?>> COMMANDS = List.of(
            WorkerCommand.class,
            AdminCommand.class,
            InvokeCommand.class,
            PluginsCommand.class,
            ImageCommand.class,
            DoctorCommand.class);

    /** Short for a subcommand, such as {@code up} for {@code worker up}; last in the help. */
    private static final List<Class<?>> SHORTCUTS = List.of(
            InitCommand.class,
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            ReloadCommand.class,
            InstallCommand.class);

    private static final int FAILED = 1;
    private static final int WRONG_USAGE = 2;

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Show the version.")
    private boolean version;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Show the stack trace of an error.")
    private boolean verbose;

    private Zygotes() {}

    /**
     * Runs one command.
     *
     * @param out takes what the command is asked for
     * @param err takes progress and errors
     * @param more further commands beside those of this package
     * @param args the command line
     * @return the exit code: 0 done, 1 failed, 2 wrong usage
     */
    public static int run(PrintWriter out, PrintWriter err, List<Class<?>> more, String... args) {
        Zygotes zygotes = new Zygotes();
        CommandLine line = new CommandLine(zygotes);
        needed(more, args).forEach(line::addSubcommand);
        return line.setOut(out)
                .setErr(err)
                .setUsageHelpAutoWidth(true)
                .setParameterExceptionHandler(Zygotes::wrongUsage)
                .setExecutionExceptionHandler((error, command, parsed) -> zygotes.failed(error, command))
                .execute(args);
    }

    /**
     * All commands in the order of the help, or only the one that the command line begins with: to look at the options
     * of all others takes 0.1 s.
     */
    private static List<Class<?>> needed(List<Class<?>> more, String... args) {
        List<Class<?>> all =
                Stream.of(COMMANDS, more, SHORTCUTS).flatMap(List::stream).toList();
        List<Class<?>> named = all.stream()
                .filter(type -> args.length > 0
                        && type.getAnnotation(Command.class).name().equals(args[0]))
                .toList();
        return named.isEmpty() ? all : named;
    }

    /** Without a command there is nothing to do: show what there is. */
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }

    private static int wrongUsage(ParameterException error, String[] args) {
        CommandLine command = error.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("zygotes: " + error.getMessage());
        UnmatchedArgumentException.printSuggestions(error, err);
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        return WRONG_USAGE;
    }

    private int failed(Exception error, CommandLine command) {
        PrintWriter err = command.getErr();
        if (error instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
        err.println("zygotes: " + message(error));
        if (verbose) {
            error.printStackTrace(err);
        }
        err.flush();
        return FAILED;
    }

    private static String message(Exception error) {
        return switch (error) {
            case Failure failure -> failure.getMessage();
            case ConfigException wrong -> wrong.getMessage();
            case SandboxException.ImportFailed failed -> failed.getMessage() + "\n" + failed.traceback();
            case SandboxException failed -> failed.getMessage();
            case RegistryException failed -> failed.getMessage();
            case PackageException failed -> failed.getMessage();
            case FileSystemException failed
            when failed.getReason() != null -> failed.getFile() + ": " + failed.getReason();
            case FileSystemException failed ->
                failed.getFile() + ": " + failed.getClass().getSimpleName().replace("Exception", "");
            case IOException failed -> String.valueOf(failed.getMessage());
            case InterruptedException interrupted -> "interrupted";
            default -> "unexpected " + error + "; this is a fault in Zygotes, --verbose shows where";
        };
    }
}
