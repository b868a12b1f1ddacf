// SPDX-License-Identifier: BSD-3-Clause
// JmDNS as a peer; README.md tells how peers are driven. Run from its source: java -cp jmdns.jar JmdnsPeer.java ...
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.Map;
import javax.jmdns.JmDNS;
import javax.jmdns.ServiceEvent;
import javax.jmdns.ServiceInfo;
import javax.jmdns.ServiceListener;
import javax.jmdns.impl.ServiceInfoImpl;

public class JmdnsPeer {
	static String quote(String s) {
		return '"' + s.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
	}

	static synchronized void tell(String json) {
		System.out.println("{" + json + "}");
		System.out.flush();
	}

	static void tell(String event, ServiceInfo s) {
		StringBuilder addresses = new StringBuilder();

		for (InetAddress a : s.getInetAddresses()) {
			if (addresses.length() > 0)
				addresses.append(",");
			addresses.append(quote(a.getHostAddress().split("%")[0]));
		}
		String note = s.getPropertyString("note");
		tell("\"event\":" + quote(event) + ",\"name\":" + quote(s.getName()) + ",\"host\":" + quote(s.getServer())
			+ ",\"port\":" + s.getPort() + ",\"addresses\":[" + addresses + "],\"txt\":{\"note\":"
			+ quote(note == null ? "" : note) + "}");
	}

	static JmDNS open(String host, String address, String iface) throws Exception {
		InetAddress a = InetAddress.getByName(address);

		if (a instanceof Inet6Address) // its socket needs the interface
			a = Inet6Address.getByAddress(null, a.getAddress(), NetworkInterface.getByName(iface));
		return JmDNS.create(a, host);
	}

	static void publish(String[] w, BufferedReader in) throws Exception {
		JmDNS dns = open(w[4], w[6], w[7]);
		ServiceInfo s = ServiceInfo.create(w[2] + ".local.", w[1], Integer.parseInt(w[3]), 0, 0,
			Map.of("note", w[8]));
		String line;

		dns.registerService(s);
		while (!((ServiceInfoImpl) s).isAnnounced()) // registerService() may return before
			Thread.sleep(20);
		tell("\"event\":\"published\",\"name\":" + quote(s.getName()));
		while ((line = in.readLine()) != null && line.startsWith("update "))
			s.setText(Map.of("note", line.substring("update ".length())));
		if (line != null)
			dns.unregisterAllServices();
		dns.close();
	}

	static void browse(String[] w, BufferedReader in) throws Exception {
		JmDNS dns = open(w[2], w[4], w[5]);

		dns.addServiceListener(w[1] + ".local.", new ServiceListener() {
			public void serviceAdded(ServiceEvent e) {
				dns.requestServiceInfo(e.getType(), e.getName(), 1);
			}

			public void serviceRemoved(ServiceEvent e) {
				tell("\"event\":\"down\",\"name\":" + quote(e.getName()));
			}

			public void serviceResolved(ServiceEvent e) { // a copy that has lost the host's name
				tell("up", e.getInfo());
			}
		});
		tell("\"event\":\"browsing\"");
		in.readLine();
		dns.close();
	}

	public static void main(String[] w) throws Exception {
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));

		if (w[0].equals("publish"))
			publish(w, in);
		else
			browse(w, in);
		System.exit(0);
	}
}
