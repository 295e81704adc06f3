package io.zygotes.sandbox.sock.protocol;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Common parts of requests as JSON, each written once. Safe for use by many threads. */
public final class CommonTexts {

    /** How many are kept: there is one for each kind of limits and network that lambdas have. */
    private static final int MOST = 64;

    private final Map<CommonPart, String> known = new ConcurrentHashMap<>();

    /** Starts with none. */
    public CommonTexts() {}

    /** The same text for the same content. Most requests have what they have in common with thousands of others. */
    String of(CommonPart part) throws IOException {
        String text = known.get(part);
        if (text == null) {
            if (known.size() >= MOST) {
                known.clear();
            }
            text = Json.MAPPER.writeValueAsString(part.toMap());
            known.put(part, text);
        }
        return text;
    }
}
