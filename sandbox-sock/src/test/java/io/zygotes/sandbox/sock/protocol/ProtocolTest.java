package io.zygotes.sandbox.sock.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Java and Python say the same about what they say to each other. */
class ProtocolTest {

    /** Prints the constants of the module that comes on the standard input, and the sizes of its layouts. */
    private static final String DUMP = """
        import json, struct, sys
        module = {}
        exec(sys.stdin.read(), module)
        constants = {name: value for name, value in module.items() if name.isupper()}
        layouts = ("FRAME_HEADER", "READY_BODY", "REPLY_STATUS")
        print(json.dumps([constants, {name: struct.calcsize(constants[name]) for name in layouts}]))
        """;

    private static final ObjectMapper JSON = new ObjectMapper();

    private static Map<String, JsonNode> python;
    private static JsonNode layouts;

    @BeforeAll
    static void readPythonsConstants() throws Exception {
        Process program = new ProcessBuilder("python3", "-I", "-S", "-c", DUMP)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (InputStream module =
                Protocol.class.getResourceAsStream("/io/zygotes/sandbox/sock/runtime/_zygotes/protocol.py")) {
            module.transferTo(program.getOutputStream());
            program.getOutputStream().close();
        }
        JsonNode dump = JSON.readTree(program.getInputStream().readAllBytes());
        assertEquals(0, program.waitFor());
        python = new TreeMap<>();
        for (Map.Entry<String, JsonNode> constant : dump.path(0).properties()) {
            python.put(constant.getKey(), constant.getValue());
        }
        layouts = dump.path(1);
    }

    private static Map<String, JsonNode> java() throws IllegalAccessException {
        Map<String, JsonNode> constants = new TreeMap<>();
        for (Field field : Protocol.class.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
                constants.put(field.getName(), JSON.valueToTree(field.get(null)));
            }
        }
        return constants;
    }

    @Test
    void eachConstantIsTheSameOnBothSides() throws Exception {
        Map<String, JsonNode> java = java();
        assertTrue(java.size() > 80, () -> "there are only " + java.size());
        assertEquals(python.keySet(), java.keySet(), "one side has a name that the other has not");
        python.forEach((name, value) -> assertEquals(value, java.get(name), name));
    }

    @Test
    void theLayoutsHaveTheSizesThatAreSaid() {
        assertEquals(Protocol.FRAME_HEADER_BYTES, layouts.path("FRAME_HEADER").asInt());
        assertEquals(Protocol.READY_BODY_BYTES, layouts.path("READY_BODY").asInt());
        assertEquals(Protocol.REPLY_STATUS_BYTES, layouts.path("REPLY_STATUS").asInt());
    }
}
