package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerDirectory;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code zygotes worker init}. */
@Command(name = "init", description = "Makes a worker directory: config.json, the default tree, an empty registry.")
final class InitCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Override
    public Integer call() throws Exception {
        WorkerDirectory made = directory.init();
        var out = spec.commandLine().getOut();
        out.println("made " + made.path());
        out.println("next: " + Image.command() + " up" + directory.repeated() + " -d");
        return 0;
    }
}
