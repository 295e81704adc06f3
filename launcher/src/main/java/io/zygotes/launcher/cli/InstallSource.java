package io.zygotes.launcher.cli;

import io.zygotes.core.files.Folders;
import io.zygotes.core.registry.LambdaUploads;
import io.zygotes.launcher.console.Failure;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Where a lambda comes from: a folder, an archive, or a Git repository, which is fetched into a temporary folder. */
final class InstallSource implements AutoCloseable {

    /** As Git has URLs, {@code user@host:path} included (git-clone(1)). */
    private static final Pattern URL =
            Pattern.compile("(?:https?|ssh|git|file)://.+|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:.+");

    private static final String SUFFIX = ".git";
    /** Of what git says, at the most. */
    private static final int SHOWN = 2000;

    private final Path work;
    private final Path path;
    private final String name;

    private InstallSource(Path work, Path path, String name) {
        this.work = work;
        this.path = path;
        this.name = name;
    }

    /**
     * Finds it.
     *
     * @param source a path, or the URL of a Git repository, with {@code #} and a branch or tag behind it if it is not
     *     the default one
     * @throws Failure if git is missing or fails
     * @throws IOException if there is no room for a temporary folder
     * @throws InterruptedException if the calling thread is interrupted
     */
    static InstallSource of(String source) throws Failure, IOException, InterruptedException {
        if (!URL.matcher(source).matches() || Files.exists(Path.of(source))) {
            Path path = Path.of(source);
            return new InstallSource(null, path, LambdaUploads.nameOf(path));
        }
        int hash = source.indexOf('#');
        String url = hash < 0 ? source : source.substring(0, hash);
        Path work = Files.createTempDirectory("zygotes-install-");
        boolean whole = false;
        try {
            Path clone = work.resolve("clone");
            fetch(url, hash < 0 ? "" : source.substring(hash + 1), clone, work.resolve("git.out"));
            whole = true;
            return new InstallSource(work, clone, nameOf(url));
        } finally {
            if (!whole) {
                Folders.delete(work);
            }
        }
    }

    private static String nameOf(String url) {
        String last = url.substring(Math.max(url.lastIndexOf('/'), url.lastIndexOf(':')) + 1);
        return last.endsWith(SUFFIX) ? last.substring(0, last.length() - SUFFIX.length()) : last;
    }

    private static void fetch(String url, String branch, Path clone, Path log)
            throws Failure, IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("git", "clone", "--quiet", "--depth", "1"));
        if (!branch.isEmpty()) {
            command.add("--branch=" + branch);
        }
        command.addAll(List.of("--", url, clone.toString()));
        ProcessBuilder git = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        // Nobody is there to type a password.
        git.environment().put("GIT_TERMINAL_PROMPT", "0");
        Process process;
        try {
            process = git.start();
        } catch (IOException e) {
            throw new Failure("cannot run git to fetch " + url + " (" + e.getMessage() + "); apt-get install git", e);
        }
        try {
            if (process.waitFor() != 0) {
                String said = new String(Files.readAllBytes(log), StandardCharsets.UTF_8).strip();
                throw new Failure("git cannot fetch " + url + ": "
                        + (said.length() > SHOWN ? "…" + said.substring(said.length() - SHOWN) : said));
            }
        } finally {
            process.destroy();
        }
    }

    /** The folder or archive. */
    Path path() {
        return path;
    }

    /** What the lambda is called if nobody says. */
    String name() {
        return name;
    }

    @Override
    public void close() throws IOException {
        if (work != null) {
            Folders.delete(work);
        }
    }
}
