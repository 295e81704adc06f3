package io.zygotes.spi.mechanism;

import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import io.zygotes.spi.Stability;
import java.util.Objects;

/**
 * What sandboxes will reach, as far as it is known when a mechanism starts. Rules that are needed and cannot be
 * enforced on this machine keep it from starting.
 *
 * @param leaves what lambdas see that say nothing themselves
 * @param leafRules what these reach
 * @param zygotes what zygotes see, while they import packages and afterwards
 * @param zygoteRules what they reach
 * @param jobRules what installs reach, if the operator said so; they need not be enforced if they are empty
 */
@Stability(Stability.Level.EVOLVING)
public record NetworkPlan(
        Network leaves, NetworkRules leafRules, Network zygotes, NetworkRules zygoteRules, NetworkRules jobRules) {

    /** Everybody reaches all of the host's network. */
    public static final NetworkPlan HOST = new NetworkPlan(
            Network.HOST, NetworkRules.EVERYTHING, Network.HOST, NetworkRules.EVERYTHING, NetworkRules.EVERYTHING);

    /** Checks for null. */
    public NetworkPlan {
        Objects.requireNonNull(leaves);
        Objects.requireNonNull(leafRules);
        Objects.requireNonNull(zygotes);
        Objects.requireNonNull(zygoteRules);
        Objects.requireNonNull(jobRules);
    }

    /** Whether a sandbox that is sure to come has rules. */
    public boolean needsRules() {
        return needsRules(leaves, leafRules) || needsRules(zygotes, zygoteRules) || !jobRules.isEverything();
    }

    private static boolean needsRules(Network network, NetworkRules rules) {
        return network == Network.HOST && !rules.isEverything();
    }
}
