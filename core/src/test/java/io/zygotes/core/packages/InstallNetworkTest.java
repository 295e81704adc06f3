package io.zygotes.core.packages;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.core.network.NetworkSetting;
import io.zygotes.core.python.HostPip;
import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRules;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class InstallNetworkTest {

    private static final HostPip PIP = new HostPip(
            Map.of("PIP_INDEX_URL", "http://127.0.0.1:8081/simple", "HTTPS_PROXY", "http://proxy.invalid:3128"),
            List.of(),
            List.of("https://index.invalid/simple"));

    private static InstallNetwork network(NetworkSetting setting, boolean enforced) {
        return new InstallNetwork(setting, () -> enforced);
    }

    @Test
    void installsReachTheirIndexesAndProxiesAndNothingElse() {
        InstallNetwork usual = network(NetworkSetting.ofWord("indexes"), true);
        assertEquals(Network.HOST, usual.network());
        assertEquals(
                "allow [127.0.0.1:8081/tcp, proxy.invalid:3128/tcp, resolvers]",
                usual.rules(PIP).layers().getFirst().toString());
        assertTrue(usual.advice(PIP).contains("installer_network"), usual.advice(PIP));
    }

    @Test
    void theIndexesMayBeOneRuleOfAList() {
        NetworkSetting lists =
                NetworkSetting.ofLists(Optional.of(List.of("indexes", "10.0.0.7:443")), List.of("proxy.invalid:1"));
        assertEquals(
                "allow [127.0.0.1:8081/tcp, proxy.invalid:3128/tcp, 10.0.0.7:443, resolvers] deny [proxy.invalid:1]",
                network(lists, true).rules(PIP).layers().getFirst().toString());
    }

    @Test
    void whereRulesCannotBeEnforcedInstallsDoWithoutTheUsualOnesAlone() {
        assertEquals(
                NetworkRules.EVERYTHING,
                network(NetworkSetting.ofWord("indexes"), false).rules(PIP));
        assertEquals("", network(NetworkSetting.ofWord("indexes"), false).advice(PIP));
        assertEquals(
                NetworkSetting.INTERNET.rules(),
                network(NetworkSetting.INTERNET, false).rules(PIP));
    }

    @Test
    void installsMayHaveNoNetwork() {
        assertEquals(Network.NONE, network(NetworkSetting.NONE, true).network());
        assertTrue(network(NetworkSetting.NONE, true).advice(PIP).contains("nothing"));
    }
}
