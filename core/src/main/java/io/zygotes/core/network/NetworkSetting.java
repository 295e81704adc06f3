package io.zygotes.core.network;

import io.zygotes.spi.Network;
import io.zygotes.spi.NetworkRule;
import io.zygotes.spi.NetworkRule.Word;
import io.zygotes.spi.NetworkRules;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a file says of the network: a word, or what is allowed and what is denied.
 *
 * @param word one of the words; empty for lists
 * @param allow rules as they are written; empty if only {@code deny} is written
 * @param deny rules as they are written
 */
public record NetworkSetting(String word, Optional<List<String>> allow, List<String> deny) {

    /** The word for all that the machine reaches. */
    public static final String HOST_WORD = "host";
    /** The word for nothing. */
    public static final String NONE_WORD = "none";
    /** The word for the internet, and the servers that resolve its names. */
    public static final String INTERNET_WORD = "internet";
    /** The word, and the rule, for where pip's settings say that packages come from. Of installs alone. */
    public static final String INDEXES_WORD = "indexes";
    /** The word for what lambdas have that say nothing. Of zygotes alone. */
    public static final String LAMBDAS_WORD = "lambdas";

    /** All that the machine reaches. */
    public static final NetworkSetting HOST = ofWord(HOST_WORD);
    /** Nothing. */
    public static final NetworkSetting NONE = ofWord(NONE_WORD);
    /** The internet, and the servers that resolve its names. */
    public static final NetworkSetting INTERNET = ofWord(INTERNET_WORD);

    /** How many rules a list may have: the kernel keeps some ranges for each. */
    private static final int MOST_RULES = 256;

    /**
     * Copies the lists and checks them.
     *
     * @throws IllegalArgumentException naming the rule that is wrong
     */
    public NetworkSetting {
        allow = allow.map(List::copyOf);
        deny = List.copyOf(deny);
        check(allow.orElse(List.of()));
        check(deny);
    }

    private static void check(List<String> rules) {
        if (rules.size() > MOST_RULES) {
            throw new IllegalArgumentException("a list has at most " + MOST_RULES + " rules, not " + rules.size());
        }
        for (String rule : rules) {
            if (!rule.equals(INDEXES_WORD)) {
                RuleText.parse(rule);
            }
        }
    }

    /** A word; which ones there are, whoever reads the file knows. */
    public static NetworkSetting ofWord(String word) {
        return new NetworkSetting(word, Optional.empty(), List.of());
    }

    /** Lists. */
    public static NetworkSetting ofLists(Optional<List<String>> allow, List<String> deny) {
        return new NetworkSetting("", allow, deny);
    }

    /** What is seen of the network. */
    public Network network() {
        return word.equals(NONE_WORD) ? Network.NONE : Network.HOST;
    }

    /** Whether a rule of the lists is that of the indexes. */
    public boolean namesIndexes() {
        return word.equals(INDEXES_WORD)
                || allow.orElse(List.of()).contains(INDEXES_WORD)
                || deny.contains(INDEXES_WORD);
    }

    /** What is reached, of a setting that does not name the indexes. */
    public NetworkRules rules() {
        return rules(List.of());
    }

    /**
     * What is reached.
     *
     * @param indexes where packages come from
     */
    public NetworkRules rules(List<NetworkRule> indexes) {
        return switch (word) {
            case HOST_WORD, NONE_WORD -> NetworkRules.EVERYTHING;
            default -> NetworkRules.EVERYTHING.and(layer(List.of(INTERNET_WORD), indexes));
        };
    }

    /**
     * What these settings leave of what others allow: they can only take away.
     *
     * @param worker what the others allow
     * @throws IllegalArgumentException if they ask for all, and the others do not allow it
     */
    public NetworkRules within(NetworkSetting worker) {
        if (network() == Network.NONE) {
            return NetworkRules.EVERYTHING;
        }
        String asked = word.isEmpty() ? "has rules" : "is '" + word + "'";
        if (worker.network() == Network.NONE) {
            throw new IllegalArgumentException(
                    "network " + asked + ", but this worker gives no lambda the network (network in config.json)");
        }
        NetworkRules rules = worker.rules();
        if (word.equals(HOST_WORD)) {
            if (!rules.isEverything()) {
                throw new IllegalArgumentException("network " + asked
                        + ", but this worker holds lambdas to network rules (network in config.json), of which a lambda"
                        + " can only take less");
            }
            return rules;
        }
        NetworkRules.Layer own = layer(List.of(HOST_WORD), List.of());
        // Those of other lambdas are the same then, and shared.
        return rules.layers().contains(own) ? rules : rules.and(own);
    }

    private NetworkRules.Layer layer(List<String> without, List<NetworkRule> indexes) {
        if (word.equals(INDEXES_WORD)) {
            return new NetworkRules.Layer(withResolvers(indexes), List.of());
        }
        if (word.equals(INTERNET_WORD)) {
            return new NetworkRules.Layer(withResolvers(List.of(NetworkRule.all(Word.INTERNET))), List.of());
        }
        return new NetworkRules.Layer(withResolvers(all(allow.orElse(without), indexes)), all(deny, indexes));
    }

    private static List<NetworkRule> all(List<String> texts, List<NetworkRule> indexes) {
        List<NetworkRule> rules = new ArrayList<>();
        for (String text : texts) {
            if (text.equals(INDEXES_WORD)) {
                rules.addAll(indexes);
            } else {
                rules.add(RuleText.parse(text));
            }
        }
        return rules;
    }

    /** Who may go to a name, or to the internet, has to find out where that is. */
    private static List<NetworkRule> withResolvers(List<NetworkRule> allow) {
        boolean names = allow.stream()
                .anyMatch(rule -> rule.target() == Word.INTERNET || rule.target() instanceof NetworkRule.Host);
        boolean there = allow.stream().anyMatch(rule -> rule.target() == Word.RESOLVERS);
        if (!names || there) {
            return allow;
        }
        List<NetworkRule> more = new ArrayList<>(allow);
        more.add(NetworkRule.all(Word.RESOLVERS));
        return more;
    }

    /** For people. */
    @Override
    public String toString() {
        if (!word.isEmpty()) {
            return "\"" + word + "\"";
        }
        return allow.map(rules -> "allow " + rules).orElse("") + (deny.isEmpty() ? "" : " deny " + deny);
    }
}
