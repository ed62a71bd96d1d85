//! Reading back: to the very beginning, however short the rows, and no row that is read moves by itself.

use anyhow::{Context, Result, ensure};
use journeys::{
    browser::{Browser, Scheme, Window},
    node::Friends,
};

/// How far rows moved, at most, in pixels: all of them when a load began and ended, and the first one in view when others
/// were put in, from the moment that they were there as text.
const WATCH: &str = "const edge = document.querySelector('#edge'), list = document.querySelector('#messages'), scroller = document.querySelector('#scroll');
    const first = () => {
      const from = scroller.getBoundingClientRect().top;
      const row = [...document.querySelectorAll('#messages > li[data-at]')].find(li => li.getBoundingClientRect().bottom > from);
      return { row, top: row.getBoundingClientRect().top };
    };
    window.moved = 0;
    window.loads = 0;
    let before = null;
    const json = Response.prototype.json;
    Response.prototype.json = async function () {
      const value = await json.call(this);
      if (this.url.includes('/messages?')) before = first();
      return value;
    };
    new MutationObserver(() => {
      if (!before?.row.isConnected) return;
      window.moved = Math.max(window.moved, Math.abs(before.row.getBoundingClientRect().top - before.top));
      window.loads += 1;
      before = null;
    }).observe(list, { childList: true });
    let above = list.offsetTop;
    new MutationObserver(() => {
      window.moved = Math.max(window.moved, Math.abs(list.offsetTop - above));
      above = list.offsetTop;
    }).observe(edge, { attributeFilter: ['aria-busy'] });";

/// A chat with so many rows of one line each, the newest of them on the screen; nothing where there is no browser.
async fn a_long_chat(rows: usize) -> Result<Option<(Browser, Friends)>> {
    let Some(alices) = Browser::start().await? else { return Ok(None) };
    let friends = Friends::meet().await?;
    for n in 0..rows {
        friends.alice.api.send(&friends.chat, &format!("row {n}")).await?;
    }
    alices.open_page(&friends.alice).await?;
    alices.open_chat("bob").await?;
    alices.until_said(&format!("row {}", rows - 1)).await?;
    Ok(Some((alices, friends)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_of_short_rows_is_read_back_to_its_beginning_and_no_row_moves() -> Result<()> {
    let Some((alices, _friends)) = a_long_chat(240).await? else { return Ok(()) };
    alices.script(WATCH).await?;
    // At the top again and again, as somebody who holds the key.
    alices
        .until(
            "document.querySelector('#scroll').scrollTop = 0;
             return document.querySelector('#edge').textContent === 'This is the beginning.'",
        )
        .await
        .context("the beginning never came")?;
    alices.until_said("hello").await?;
    let moved = alices.script("return window.moved").await?.as_f64().context("a distance")?;
    ensure!(moved <= 1.0, "a row moved by {moved} px");
    let loads = alices.script("return window.loads").await?;
    ensure!(loads.as_u64() >= Some(8), "200 rows came in {loads} loads");
    Ok(())
}

/// Rows that go at one end do not call for the other end's, however many fit the window at once.
#[tokio::test(flavor = "multi_thread")]
async fn each_stretch_of_short_rows_is_asked_for_once_in_a_tall_window() -> Result<()> {
    let Some((alices, _friends)) = a_long_chat(320).await? else { return Ok(()) };
    alices.show_in(Window::plain("tall", 1280, 1040), Scheme::Light).await?;
    alices
        .until(
            "const edge = document.querySelector('#edge');
             // No faster than rows come.
             if (edge.ariaBusy !== 'true') document.querySelector('#scroll').scrollTop -= 100;
             return edge.textContent === 'This is the beginning.'",
        )
        .await
        .context("the beginning never came")?;
    let loads = alices
        .script("return performance.getEntriesByType('resource').filter(entry => /messages\\?/.test(entry.name)).length")
        .await?;
    ensure!(loads.as_u64() <= Some(16), "320 rows were asked for in {loads} stretches of 20");
    Ok(())
}
