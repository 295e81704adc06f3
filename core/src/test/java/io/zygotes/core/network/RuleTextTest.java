package io.zygotes.core.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RuleTextTest {

    @ParameterizedTest
    @CsvSource({
        "internet, internet",
        "Internet:443, internet:443",
        "host/udp, host/udp",
        "resolvers/tcp, resolvers/tcp",
        "10.0.0.0/8, 10.0.0.0/8",
        "10.1.2.3, 10.1.2.3",
        "10.1.2.3:*, 10.1.2.3",
        "10.0.0.0/8:443/tcp, 10.0.0.0/8:443/tcp",
        "10.0.0.0/8:8000-8999, 10.0.0.0/8:8000-8999",
        "0.0.0.0/0:53/udp, 0.0.0.0/0:53/udp",
        "::1, 0:0:0:0:0:0:0:1",
        "fd00::/8, fd00:0:0:0:0:0:0:0/8",
        "[fd00::/8]:443/tcp, [fd00:0:0:0:0:0:0:0/8]:443/tcp",
        "::ffff:10.0.0.0/104, 10.0.0.0/8",
        "[::ffff:10.1.2.3]:80, 10.1.2.3:80",
        "Postgres.Internal:5432, postgres.internal:5432",
        "postgres.internal.:5432/tcp, postgres.internal:5432/tcp",
        "localhost:8080, localhost:8080",
    })
    void readsRules(String text, String meaning) {
        assertEquals(meaning, RuleText.parse(text).toString());
        assertEquals(RuleText.parse(text), RuleText.parse(RuleText.parse(text).toString()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "none",
                "internett",
                "example.org",
                "10.0.0.5/8",
                "10.0.0.0/33",
                "10.0.0.0/08",
                "10.0.0",
                "10",
                "256.0.0.1",
                "::ffff:10.0.0.0/8",
                "fe80::1%eth0",
                "fd00::1/8",
                "[fd00::1",
                "[fd00::1]443",
                "10.0.0.1:65536",
                "10.0.0.1:9-8",
                "10.0.0.1:-1",
                "10.0.0.1:",
                "10.0.0.1:http",
                "10.0.0.1:80/sctp",
                "-a.example:80",
                "a..b:80",
                "http://example.org:80",
                "a b:80",
            })
    void refusesWhatIsNone(String text) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> RuleText.parse(text), text);
        assertTrue(e.getMessage().startsWith("'" + text + "' is no network rule: "), e.getMessage());
    }
}
