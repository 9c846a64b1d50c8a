import { Client } from "/examples/client.js";
import { deliver } from "/examples/delivery.js";

const credentials = ({ serviceName, serviceKey }) => ({
  auth: { serviceName: serviceName.value, ...(serviceKey.value && { serviceKey: serviceKey.value }) },
});

const client = new Client({ contract: "internal", credentials, service: true });

deliver(client, (metadata) => ({ ...metadata, source: "internal_service", serviceName: client.serviceName.value }));
