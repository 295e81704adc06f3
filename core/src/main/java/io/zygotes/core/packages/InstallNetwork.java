package io.zygotes.core.packages;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.python.HostPip;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import java.util.function.BooleanSupplier;

/**
 * What installs reach in the network.
 *
 * @param setting {@code installer_network}
 * @param enforced whether rules can be enforced; without that, installs reach all if the setting is the default
 */
public record InstallNetwork(NetworkSetting setting, BooleanSupplier enforced) {

    /** All that the machine reaches. */
    public static final InstallNetwork HOST = new InstallNetwork(NetworkSetting.HOST, () -> true);

    /** What is seen of the network. */
    Network network() {
        return setting.network();
    }

    /** What of that is reached. */
    NetworkRules rules(HostPip pip) {
        boolean usual = setting.word().equals(NetworkSetting.INDEXES_WORD);
        return usual && !enforced.getAsBoolean() ? NetworkRules.EVERYTHING : setting.rules(pip.servers());
    }

    /** What to say to whoever finds that an install did not reach something; empty if there are no rules. */
    String advice(HostPip pip) {
        NetworkRules rules = rules(pip);
        if (network() == Network.HOST && rules.isEverything()) {
            return "";
        }
        return "\n(installs reach "
                + (network() == Network.NONE
                        ? "nothing"
                        : "only " + rules.layers().getFirst()) + "; installer_network in config.json says so)";
    }
}
