package io.zygotes.spi.mechanism;

import io.zygotes.spi.Limits;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.Stability;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A Python program to run in a fresh sandbox.
 *
 * @param name what it is for, for logs
 * @param script the program's text; runs as {@code __main__} with {@code sys.argv[1:]} set to {@code arguments}
 * @param arguments its arguments
 * @param environment its environment, all of it
 * @param mounts folders and files of the host that it sees, beside the base root
 * @param limits what it may use; {@code runtimeSec} bounds the whole job
 * @param network what it sees of the network
 * @param rules what it reaches in the host's network; with {@link Network#NONE} they say nothing
 */
@Stability(Stability.Level.EVOLVING)
public record Job(
        String name,
        String script,
        List<String> arguments,
        Map<String, String> environment,
        List<Mount> mounts,
        Limits limits,
        Network network,
        NetworkRules rules) {

    /** Copies the collections. */
    public Job {
        Objects.requireNonNull(name);
        Objects.requireNonNull(script);
        arguments = List.copyOf(arguments);
        environment = Map.copyOf(environment);
        mounts = List.copyOf(mounts);
        Objects.requireNonNull(limits);
        Objects.requireNonNull(network);
        Objects.requireNonNull(rules);
    }

    /** A job that reaches all of its network. */
    public Job(
            String name,
            String script,
            List<String> arguments,
            Map<String, String> environment,
            List<Mount> mounts,
            Limits limits,
            Network network) {
        this(name, script, arguments, environment, mounts, limits, network, NetworkRules.EVERYTHING);
    }

    /**
     * A folder or file of the host in the sandbox.
     *
     * @param source absolute path on the host
     * @param target absolute path in the sandbox, below {@code /handler}, {@code /packages} or {@code /mnt}
     * @param writable whether the job may write there; files that it makes belong to root on the host afterwards
     */
    public record Mount(Path source, String target, boolean writable) {

        /** Checks for null. */
        public Mount {
            Objects.requireNonNull(source);
            Objects.requireNonNull(target);
        }
    }
}
