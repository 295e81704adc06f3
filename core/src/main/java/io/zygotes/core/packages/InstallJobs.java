package io.zygotes.core.packages;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.zygotes.core.python.HostPip;
import io.zygotes.core.python.Script;
import io.zygotes.spi.Limits;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.mechanism.Job;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Lays out the sandboxes of installs, and the folders of the host that these write to.
 *
 * @param limits limits of an install
 * @param network what installs reach
 */
record InstallJobs(Limits limits, InstallNetwork network) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONTENT = "content";
    private static final String OUT = "out";
    private static final String ALL = "all";
    /** Where a sandbox sees the folder of packages that are installed together. */
    private static final String SEEN_ALL = "/mnt/all";

    /** Where lambdas see the files of a package, which is what stands in its byte code. */
    static String target(PackageId id) {
        return "/packages/" + id.name() + "-" + id.version();
    }

    /** What is to be the package's folder, of an install that has a staging folder for itself. */
    static Path content(Path staging) {
        return staging.resolve(CONTENT);
    }

    static Path metadata(Path staging) {
        return staging.resolve(OUT).resolve("metadata.json");
    }

    /** What is to be the folder of one of the packages that are installed together. */
    static Path content(Path staging, int number) {
        return staging.resolve(ALL).resolve(String.valueOf(number));
    }

    static Path metadata(Path staging, int number) {
        return staging.resolve(OUT).resolve(number + ".json");
    }

    /**
     * For one package, which may run code of its own. It is installed where lambdas will see it: a build may write down
     * where that is. Temporary files go to disk: a large wheel would not fit into the sandbox's memory.
     */
    Job alone(Wanted wanted, Path staging, HostPip hostPip) throws IOException {
        PackageId id = wanted.id();
        Path files = Files.createDirectory(PackageFolder.files(Files.createDirectory(content(staging))));
        List<String> arguments =
                new ArrayList<>(List.of(id.name(), id.version(), target(id), "/mnt/out/metadata.json"));
        wanted.hashes().stream().sorted().forEach(arguments::add);
        return job("install " + id, arguments, new Job.Mount(files, target(id), true), staging, hostPip);
    }

    /** For packages of which nothing runs. All lie on one mount, so that their files can be moved and linked. */
    Job together(List<Wanted> all, Path staging, HostPip hostPip) throws IOException {
        Path top = Files.createDirectory(staging.resolve(ALL));
        ArrayNode packages = JSON.createArrayNode();
        for (int i = 0; i < all.size(); i++) {
            PackageId id = all.get(i).id();
            Path files = Files.createDirectory(PackageFolder.files(Files.createDirectory(content(staging, i))));
            ArrayNode hashes = packages.addObject()
                    .put("name", id.name())
                    .put("version", id.version())
                    .put("target", target(id))
                    .put("place", SEEN_ALL + "/" + top.relativize(files))
                    .put("out", "/mnt/out/" + i + ".json")
                    .putArray("hashes");
            all.get(i).hashes().stream().sorted().forEach(hashes::add);
        }
        return job(
                "install " + all.size() + " packages",
                List.of("--together", packages.toString()),
                new Job.Mount(top, SEEN_ALL, true),
                staging,
                hostPip);
    }

    private Job job(String name, List<String> arguments, Job.Mount target, Path staging, HostPip hostPip)
            throws IOException {
        List<Job.Mount> mounts = new ArrayList<>(hostPip.mounts());
        mounts.add(target);
        mounts.add(new Job.Mount(Files.createDirectory(staging.resolve(OUT)), "/mnt/out", true));
        mounts.add(new Job.Mount(Files.createDirectory(staging.resolve("tmp")), "/mnt/tmp", true));
        Map<String, String> environment = new LinkedHashMap<>(hostPip.environment());
        environment.put("TMPDIR", "/mnt/tmp");
        environment.put("HOME", "/mnt/tmp");
        environment.put("PATH", "/usr/local/bin:/usr/bin:/bin");
        environment.put("LANG", "C.UTF-8");
        return new Job(
                name,
                Script.INSTALL.text(),
                arguments,
                environment,
                mounts,
                limits,
                network.network(),
                network.rules(hostPip));
    }
}
