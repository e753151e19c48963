/** The page of a host with MCP Apps: it shows one card in a sandboxed frame, through the official AppBridge. */
import {
  AppBridge,
  type McpUiHostCapabilities,
  type McpUiHostContext,
  PostMessageTransport,
} from "@modelcontextprotocol/ext-apps/app-bridge";

type CallToolRequest = Parameters<NonNullable<AppBridge["oncalltool"]>>[0];
type CallToolResult = Awaited<ReturnType<NonNullable<AppBridge["oncalltool"]>>>;

/** Functions of the test, and those of this page. */
type HostWindow = {
  callTool(request: CallToolRequest): Promise<CallToolResult>;
  note(event: { kind: "link" | "context" | "size"; value: unknown }): Promise<void>;
  openCard(html: string, capabilities: McpUiHostCapabilities, context: McpUiHostContext): Promise<void>;
  sendResult(result: CallToolResult): Promise<void>;
  changeContext(context: McpUiHostContext): Promise<void>;
};

const host = globalThis as unknown as HostWindow & { bridge?: AppBridge };

host.openCard = async (html, capabilities, hostContext) => {
  const frame = document.createElement("iframe");
  frame.sandbox.add("allow-scripts");
  frame.style.cssText = "display:block;border:0;width:100%;height:20px";
  document.body.replaceChildren(frame);
  const bridge = new AppBridge(null, { name: "TestHost", version: "1.0.0" }, capabilities, { hostContext });
  const initialized = new Promise<void>((resolve) => {
    bridge.oninitialized = () => resolve();
  });
  bridge.oncalltool = (request) => host.callTool(request);
  bridge.onopenlink = async ({ url }) => {
    await host.note({ kind: "link", value: url });
    return {};
  };
  bridge.onupdatemodelcontext = async (params) => {
    await host.note({ kind: "context", value: params });
    return {};
  };
  bridge.onsizechange = ({ height }) => {
    frame.style.height = `${height}px`;
    void host.note({ kind: "size", value: height });
  };
  if (!frame.contentWindow) throw new Error("the frame has no window");
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  frame.srcdoc = html;
  await initialized;
  host.bridge = bridge;
};
host.sendResult = async (result) => host.bridge?.sendToolResult(result);
host.changeContext = async (context) => host.bridge?.setHostContext(context);
