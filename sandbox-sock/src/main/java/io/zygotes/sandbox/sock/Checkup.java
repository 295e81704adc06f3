package io.zygotes.sandbox.sock;

import io.zygotes.sandbox.sock.cgroup.CgroupLayout;
import io.zygotes.sandbox.sock.cgroup.CgroupMounts;
import io.zygotes.sandbox.sock.cgroup.CgroupTree;
import io.zygotes.sandbox.sock.linux.Mounts;
import io.zygotes.spi.mechanism.Finding;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks whether a machine has what SOCK sandboxes need, and says how to mend what it lacks. */
final class Checkup {

    private static final String USE_ROOT = "run it as root, for example with sudo";
    private static final String NEWER_KERNEL = "boot Linux 5.14 or later";
    private static final String MOUNT_V2 =
            "mount -t cgroup2 none /sys/fs/cgroup/unified, or boot with systemd.unified_cgroup_hierarchy=1";
    private static final List<String> NAMESPACES = List.of("user", "mnt", "pid", "ipc", "uts", "cgroup", "net");
    /** The worker holds five to eight for each leaf at rest, beside the connections of its clients. */
    private static final long ENOUGH_FILES = 16_384;
    /** Each sandbox needs one, and some are nested. */
    private static final long ENOUGH_NAMESPACES = 256;

    private static final Pattern RELEASE = Pattern.compile("(\\d+)\\.(\\d+).*");
    private static final Pattern OPEN_FILES = Pattern.compile("Max open files\\s+(\\S+)\\s+(\\S+)\\s+.*");

    private final Path proc;
    private final String system;
    private final String architecture;
    private final Trial mounts;
    private final Trial fastMoves;
    private final List<Finding> findings = new ArrayList<>();

    /** Tries something that the kernel may refuse, and undoes it. */
    @FunctionalInterface
    interface Trial {
        void run() throws IOException;
    }

    /**
     * @param proc where proc(5) is mounted
     * @param system the name of the operating system
     * @param architecture the name of the processor's architecture, as Java calls it
     * @param mounts tries to make a detached mount
     * @param fastMoves tries to make moves between cgroups fast
     */
    Checkup(Path proc, String system, String architecture, Trial mounts, Trial fastMoves) {
        this.proc = proc;
        this.system = system;
        this.architecture = architecture;
        this.mounts = mounts;
        this.fastMoves = fastMoves;
    }

    static Checkup ofThisMachine() {
        return new Checkup(
                Path.of("/proc"),
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                () -> Mounts.detachedTree("/proc", false).close(),
                () -> Mounts.fastMoves(CgroupTree.FOLDER + "-doctor-"
                                + ProcessHandle.current().pid())
                        .close());
    }

    List<Finding> findings() {
        if (!system.equals("Linux")) {
            return List.of(Finding.missing("system", system, "use a machine, or a virtual one, with Linux"));
        }
        boolean root = root();
        kernel();
        architecture();
        cgroups(root);
        namespaces();
        seccomp();
        mounts(root);
        openFiles();
        return List.copyOf(findings);
    }

    /**
     * Not with {@link Files#readString}: it begins with a single byte, since these files have no size, and after that
     * byte the kernel takes a number below /proc/sys for read.
     */
    private Optional<String> read(String file) {
        try (InputStream in = Files.newInputStream(proc.resolve(file))) {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            byte[] part = new byte[1 << 16];
            for (int n = in.read(part); n >= 0; n = in.read(part)) {
                all.write(part, 0, n);
            }
            return Optional.of(all.toString(StandardCharsets.UTF_8).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private boolean root() {
        String uid = read("self/status").stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith("Uid:"))
                .map(line -> line.split("\\s+")[2])
                .findFirst()
                .orElse("unknown");
        boolean root = uid.equals("0");
        findings.add(root ? Finding.good("user", "root") : Finding.missing("user", "uid " + uid, USE_ROOT));
        return root;
    }

    private void kernel() {
        String release = read("sys/kernel/osrelease").orElse("unknown");
        Matcher matcher = RELEASE.matcher(release);
        boolean enough = matcher.matches()
                && Integer.parseInt(matcher.group(1)) * 1000 + Integer.parseInt(matcher.group(2)) >= 5014;
        findings.add(
                enough
                        ? Finding.good("kernel", "Linux " + release)
                        : Finding.missing("kernel", "Linux " + release, NEWER_KERNEL));
    }

    private void architecture() {
        boolean known = List.of("amd64", "aarch64").contains(architecture);
        findings.add(
                known
                        ? Finding.good("architecture", architecture)
                        : Finding.missing("architecture", architecture, "use a machine with x86-64 or aarch64"));
    }

    private void cgroups(boolean root) {
        CgroupMounts mounted =
                CgroupMounts.parse(read("self/mountinfo").orElse("").lines().toList());
        if (mounted.unified().isEmpty()) {
            findings.add(Finding.missing("cgroup v2", "not mounted", MOUNT_V2));
        } else if (mounted.readOnly()) {
            Path unified = mounted.unified().get();
            findings.add(Finding.missing(
                    "cgroup v2",
                    "mounted read-only at " + unified,
                    "mount -o remount,rw " + unified + "; in a container: start it privileged"));
        } else {
            findings.add(Finding.good("cgroup v2", "at " + mounted.unified().get()));
            cgroupKill(mounted.unified().get());
        }
        boolean anyLegacy = controllers(mounted);
        if (anyLegacy && root) {
            tryFastMoves();
        }
    }

    /** The top group has no such file; those below have. */
    private void cgroupKill(Path unified) {
        try (DirectoryStream<Path> groups = Files.newDirectoryStream(unified, Files::isDirectory)) {
            for (Path group : groups) {
                findings.add(
                        Files.exists(group.resolve("cgroup.kill"))
                                ? Finding.good("cgroup.kill", "there")
                                : Finding.missing("cgroup.kill", "not there", NEWER_KERNEL));
                return;
            }
        } catch (IOException e) {
            findings.add(
                    Finding.missing("cgroup.kill", "cannot look into " + unified + ": " + e.getMessage(), USE_ROOT));
        }
        // Without a group below the top, the version of the kernel has to do.
    }

    /** Says who owns each controller; returns whether one is owned by version 1. */
    private boolean controllers(CgroupMounts mounted) {
        List<String> present = List.of();
        if (mounted.unified().isPresent()) {
            Path unified = mounted.unified().get();
            try {
                present = List.of(Files.readString(unified.resolve("cgroup.controllers"))
                        .strip()
                        .split(" "));
            } catch (IOException e) {
                findings.add(Finding.missing(
                        "controllers", "cannot read those of " + unified + ": " + e.getMessage(), USE_ROOT));
            }
        }
        boolean anyLegacy = false;
        for (String controller : CgroupLayout.NEEDED) {
            String name = "controller " + controller;
            if (present.contains(controller)) {
                findings.add(Finding.good(name, "owned by cgroup v2"));
            } else if (mounted.legacy().containsKey(controller)) {
                anyLegacy = true;
                findings.add(Finding.good(
                        name, "owned by cgroup v1, at " + mounted.legacy().get(controller)));
            } else {
                findings.add(Finding.missing(
                        name,
                        "owned by nobody",
                        "mount -t cgroup -o " + controller + " none /sys/fs/cgroup/" + controller
                                + ", after taking cgroup_disable off the kernel's command line"));
            }
        }
        return anyLegacy;
    }

    private void tryFastMoves() {
        try {
            fastMoves.run();
            findings.add(Finding.good("favordynmods", "works: moves between cgroups do not wait"));
        } catch (IOException e) {
            findings.add(Finding.lacking(
                    "favordynmods",
                    e.getMessage(),
                    "boot Linux 6.0 or later, or one with all controllers in cgroup v2; until then every cold start"
                            + " takes some ms longer"));
        }
    }

    private void namespaces() {
        List<String> missing = NAMESPACES.stream()
                .filter(name -> !Files.exists(proc.resolve("self/ns/" + name)))
                .toList();
        findings.add(
                missing.isEmpty()
                        ? Finding.good("namespaces", String.join(", ", NAMESPACES))
                        : Finding.missing(
                                "namespaces",
                                "without " + String.join(", ", missing),
                                "boot a kernel built with them"));
        setting("user.max_user_namespaces", "max_user_namespaces", value -> value >= ENOUGH_NAMESPACES, 65536);
        // Zygotes have no rights on the host and make the user namespaces of their leaves.
        setting("kernel.unprivileged_userns_clone", "unprivileged_userns_clone", value -> value != 0, 1);
        setting(
                "kernel.apparmor_restrict_unprivileged_userns",
                "apparmor_restrict_unprivileged_userns",
                value -> value == 0,
                0);
    }

    /** A number below /proc/sys; distributions that do not have it do not restrict anything by it. */
    private void setting(String key, String name, LongPredicate good, long wanted) {
        Optional<String> value = read("sys/" + key.replace('.', '/'));
        if (value.isEmpty()) {
            findings.add(Finding.good(name, "not restricted"));
            return;
        }
        findings.add(
                value.get().matches("\\d+") && good.test(Long.parseLong(value.get()))
                        ? Finding.good(name, value.get())
                        : Finding.missing(
                                name,
                                value.get(),
                                "sysctl -w " + key + "=" + wanted + ", and the same line in"
                                        + " /etc/sysctl.d/zygotes.conf"));
    }

    private void seccomp() {
        String actions = read("sys/kernel/seccomp/actions_avail").orElse("");
        boolean enough = Arrays.asList(actions.split(" ")).contains("errno");
        findings.add(
                enough
                        ? Finding.good("seccomp", "filters")
                        : Finding.missing(
                                "seccomp",
                                "no filters",
                                "boot a kernel with CONFIG_SECCOMP_FILTER, or, for lambdas that"
                                        + " are trusted, set features.enable_seccomp to false in config.json"));
    }

    private void mounts(boolean root) {
        if (!root) {
            findings.add(Finding.lacking("mount API", "cannot be tried without root", USE_ROOT));
            return;
        }
        try {
            mounts.run();
            findings.add(Finding.good("mount API", "open_tree and mount_setattr work"));
        } catch (IOException e) {
            findings.add(Finding.missing(
                    "mount API",
                    e.getMessage(),
                    NEWER_KERNEL + "; in a container: start it privileged, without a seccomp profile"));
        }
    }

    /** Whether lambdas can be held to rules for the network. */
    static Finding networkRules(Trial trial) {
        try {
            trial.run();
            return Finding.good("network rules", "this kernel filters the network of cgroups");
        } catch (IOException e) {
            return Finding.lacking(
                    "network rules",
                    e.getMessage(),
                    "run it as root, on Linux 5.8 or later with CONFIG_CGROUP_BPF; until then \"network\" in"
                            + " config.json has to be host or none");
        }
    }

    /** The Java runtime raises the soft limit to the hard one by itself. */
    private void openFiles() {
        Matcher matcher = read("self/limits").stream()
                .flatMap(String::lines)
                .map(OPEN_FILES::matcher)
                .filter(Matcher::matches)
                .findFirst()
                .orElse(null);
        String hard = matcher == null ? "unknown" : matcher.group(2);
        boolean enough = hard.equals("unlimited") || hard.matches("\\d+") && Long.parseLong(hard) >= ENOUGH_FILES;
        findings.add(
                enough
                        ? Finding.good("open files", hard)
                        : Finding.lacking(
                                "open files", hard, "ulimit -Hn 65536, or LimitNOFILE=65536 in the service's unit"));
    }
}
