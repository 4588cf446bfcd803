//! rumqttc with manual acknowledgement: a message is acknowledged when its copy is confirmed, or the work is done. The library does not say
//! which copy a confirmation is of, so its packet ids are noted as they go out.
use rumqttc::v5::mqttbytes::v5::{Packet, Publish};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::Outgoing;
use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::time::Duration;

fn options(id: &str, port: &str) -> Result<MqttOptions, Box<dyn Error>> {
    let mut options = MqttOptions::new(id, "127.0.0.1", port.parse()?);
    options.set_keep_alive(Duration::from_secs(3600));
    Ok(options)
}

fn number(payload: &[u8]) -> u64 {
    payload
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |sum, byte| sum * 10 + u64::from(byte - b'0'))
}

async fn consume(from: &AsyncClient, source: &mut EventLoop) -> Result<(), Box<dyn Error>> {
    let mut sum = 0u64;
    loop {
        if let Event::Incoming(Packet::Publish(publish)) = source.poll().await? {
            sum = sum.wrapping_add(number(&publish.payload));
            std::hint::black_box(sum);
            from.try_ack(&publish)?;
        }
    }
}

struct Bridge {
    from: AsyncClient,
    to: AsyncClient,
    asked: VecDeque<Publish>,
    sent: HashMap<u16, Publish>,
}

impl Bridge {
    fn received(&mut self, event: Event) -> Result<(), Box<dyn Error>> {
        if let Event::Incoming(Packet::Publish(publish)) = event {
            let topic = std::str::from_utf8(&publish.topic)?.to_owned();
            self.to.try_publish(topic, QoS::AtLeastOnce, false, publish.payload.clone())?;
            self.asked.push_back(publish);
        }
        Ok(())
    }

    fn answered(&mut self, event: Event) -> Result<(), Box<dyn Error>> {
        match event {
            Event::Outgoing(Outgoing::Publish(id)) => {
                let publish = self.asked.pop_front().ok_or("a copy that nobody asked for")?;
                self.sent.insert(id, publish);
            }
            Event::Incoming(Packet::PubAck(puback)) => {
                let publish = self.sent.remove(&puback.pkid).ok_or("an answer to nothing")?;
                self.from.try_ack(&publish)?;
            }
            _ => {}
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let window: usize = args[3].parse()?;
    // mosquitto sends more than its window to a session that goes on
    let capacity = 65_535;
    let mut own = options(&args[4], &args[1])?;
    own.set_manual_acks(true)
        .set_clean_start(false)
        .set_session_expiry_interval(Some(3600))
        .set_receive_maximum(Some(u16::try_from(window)?));
    let (from, mut source) = AsyncClient::new(own, capacity);
    from.subscribe(args[5].clone(), QoS::AtLeastOnce).await?;
    if args[0] != "bridge" {
        return consume(&from, &mut source).await;
    }
    let (to, mut target) = AsyncClient::new(options(&format!("{}-to", args[4]), &args[2])?, capacity);
    let mut bridge = Bridge { from, to, asked: VecDeque::new(), sent: HashMap::new() };
    loop {
        tokio::select! {
            event = source.poll() => bridge.received(event?)?,
            event = target.poll() => bridge.answered(event?)?,
        }
    }
}
